import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';

const root = join(import.meta.dirname, '../..');
const ours = join(root, 'libs');

/** Builds the page into the first of these folders and copies it into the others; with what browsers take compressed beside each file. */
export async function buildPage([first = '', ...others]: readonly string[]): Promise<void> {
  await build({
    configFile: false,
    envDir: false,
    root: join(root, 'apps/web'),
    base: './',
    // Of each file of a library that is meant for servers, too, it would say that its mark is lost.
    logLevel: 'error',
    build: {
      outDir: first,
      emptyOutDir: true,
      // An address of `data:` is none that the page's policy allows.
      assetsInlineLimit: 0,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: {
        // Of our own rooms only what is named is wanted: no schema of a document that the page never reads.
        treeshake: { moduleSideEffects: (id) => !id.startsWith(ours) },
      },
    },
  });
  await Promise.all((await readdir(join(first, 'assets'))).map((name) => compress(join(first, 'assets', name))));
  await Promise.all(others.map((folder) => cp(first, folder, { recursive: true })));
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  const best = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  await Promise.all([
    promisify(gzip)(bytes, { level: 9 }).then((small) => writeFile(`${file}.gz`, small)),
    promisify(brotliCompress)(bytes, best).then((small) => writeFile(`${file}.br`, small)),
  ]);
}
