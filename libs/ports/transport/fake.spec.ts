import { createHash } from 'node:crypto';
import type { ClusterName, Digest } from '@fairlead/core/model';
import { transportContract } from '@fairlead/ports/contracts/transport';
import { memoryTransport } from './fake.ts';

transportContract('in memory', {
  async open() {
    const { listener, link } = memoryTransport();
    return {
      listener,
      async link(cluster) {
        const key = `sha256:${createHash('sha256').update(cluster).digest('hex')}` as Digest;
        const caller = { cluster: cluster as ClusterName, key };
        return { caller, link: link(caller) };
      },
      close: () => listener.close(),
    };
  },
});
