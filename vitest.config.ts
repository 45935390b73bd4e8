import { defineConfig } from 'vitest/config';

const pure = ['libs/core/**/*.spec.ts', 'libs/wire/**/*.spec.ts', 'libs/ports/**/*.spec.ts', 'libs/shell/**/*.spec.ts', 'tools/**/*.spec.ts'];
const contract = ['libs/adapters/**/*.spec.ts', 'libs/roles/**/*.spec.ts', 'libs/testkit/**/*.spec.ts', 'apps/{hub,agent,cli}/**/*.spec.ts'];
const endToEnd = ['apps/e2e/**/*.spec.ts'];

/** Three kinds of tests, by what they need: nothing, real servers beside the test, real processes. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'pure', include: pure, testTimeout: 20_000 } },
      { test: { name: 'contract', include: contract, testTimeout: 60_000, hookTimeout: 120_000 } },
      { test: { name: 'e2e', include: endToEnd, testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
    ],
  },
});
