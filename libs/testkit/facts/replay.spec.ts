import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCaseFiles, replay, toldBy } from './index.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ name: 'facts', audit: false });
});
afterAll(() => plane?.stop());

const files = [...(await readCaseFiles())];

describe("what the differ's cases tell is what an API server answers", () => {
  it.each(files)('%s', async (_name, file) => {
    const { applied, lives } = await replay(plane, file);
    expect(applied).toEqual(file.applied);
    for (const [nth, one] of file.cases.entries()) {
      expect({ case: one.name, live: lives[nth] }).toEqual({ case: one.name, live: toldBy(file, one) });
    }
  });
});
