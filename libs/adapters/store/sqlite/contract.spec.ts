import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '@fairlead/ports/contracts/store';
import { afterEach } from 'vitest';
import { openStore } from './open.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

storeContract('SQLite', {
  async open({ journalLimit }) {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-store-'));
    folders.push(folder);
    return openStore({ file: join(folder, 'hub.sqlite'), key: new Uint8Array(32), journalLimit });
  },
});
