import { defineConfig } from 'vitest/config';

const pure = [
  'libs/{core,wire,ports,shell}/**/*.spec.ts',
  'apps/web/**/*.spec.ts',
  'tools/{lint,licences,lock,build,simulate}/**/*.spec.ts',
  'tools/bench/*.spec.ts',
];
const contract = [
  'libs/{adapters,roles,testkit}/**/*.spec.ts',
  'apps/{hub,agent,cli}/**/*.spec.ts',
  'tools/{kube,deploy,bench/engine}/**/*.spec.ts',
];
const endToEnd = ['apps/e2e/**/*.spec.ts'];

/** Three kinds of tests, by what they need: nothing, real servers beside the test, real processes. */
export default defineConfig({
  test: {
    reporters: ['default', './tools/test/reporter.ts'],
    maxWorkers: 2,
    projects: [
      { test: { name: 'pure', include: pure, testTimeout: 30_000 } },
      { test: { name: 'contract', include: contract, testTimeout: 60_000, hookTimeout: 180_000 } },
      { test: { name: 'e2e', include: endToEnd, testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false } },
    ],
  },
});
