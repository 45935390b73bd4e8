import { changeOf, readCaseFiles, replay, writeCaseFile } from '@fairlead/testkit/facts';
import { startControlPlane } from '@fairlead/testkit/kube';

/** Records the differ's cases on a real API server: `node tools/kube/facts.ts [FILE…]`, all of them by default. */
async function main(only: readonly string[]): Promise<void> {
  const files = [...(await readCaseFiles())].filter(([name]) => only.length === 0 || only.includes(name));
  await using plane = await startControlPlane({ name: 'facts', audit: false });
  for (const [name, file] of files) {
    const { applied, lives } = await replay(plane, file);
    const cases = file.cases.map((one, nth) => ({ ...one, change: changeOf(applied, lives[nth]) }));
    await writeCaseFile(name, { ...file, applied, cases });
    process.stdout.write(`${name}: ${cases.length} cases\n`);
  }
}

await main(process.argv.slice(2));
