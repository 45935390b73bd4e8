import { clusterApiContract } from '@fairlead/ports/contracts/cluster';
import { fakeCluster } from './fake.ts';

clusterApiContract('fake', async () => ({
  api: fakeCluster({ mayDo: ({ identity }) => identity.as === 'self' || identity.name !== 'powerless' }),
  powerless: { as: 'serviceAccount', namespace: 'default', name: 'powerless' },
  close: () => undefined,
}));
