import * as fs from 'node:fs/promises';

let written = 0;

/**
 * The file system that isomorphic-git is given. It differs from Node's in one thing: a file appears whole or not at
 * all, so that a crash in the middle of a write leaves no broken pack, index, object or ref.
 */
export const wholeFiles = {
  promises: {
    readFile: fs.readFile,
    mkdir: fs.mkdir,
    rmdir: fs.rmdir,
    rm: fs.rm,
    unlink: fs.unlink,
    stat: fs.stat,
    lstat: fs.lstat,
    readdir: fs.readdir,
    readlink: fs.readlink,
    symlink: fs.symlink,
    async writeFile(path: string, data: string | Uint8Array, options?: Parameters<typeof fs.writeFile>[2]) {
      written += 1;
      const aside = `${path}.tmp-${process.pid}-${written}`;
      await fs.writeFile(aside, data, options);
      await fs.rename(aside, path);
    },
  },
};
