import { clusterApiContract } from '@fairlead/ports/contracts/cluster';
import { startControlPlane } from '@fairlead/testkit/kube';
import { connectCluster } from './connect.ts';

clusterApiContract('kube-apiserver', async () => {
  const plane = await startControlPlane({ name: 'contract', audit: false });
  const { certPem: clientCert, keyPem: clientKey } = plane.admin;
  const api = connectCluster({ server: plane.server, caPem: plane.caPem, credentials: { clientCert, clientKey } });
  return {
    api,
    powerless: { as: 'serviceAccount', namespace: 'default', name: 'powerless' },
    async close() {
      api.close();
      await plane.stop();
    },
  };
});
