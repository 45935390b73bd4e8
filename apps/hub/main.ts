import { startHub } from '@fairlead/roles/embedded';
import { readFlags, usage } from './flags.ts';

/** All four roles in one process. Says one JSON line on standard output when it is ready; logs go to standard error. */
async function main(): Promise<void> {
  const hub = await startHub(readFlags(process.argv.slice(2)), {
    workerUrl: new URL('./store-worker.mjs', import.meta.url),
  });
  console.log(JSON.stringify({ ready: true, api: hub.api, grpc: hub.grpc, dataDir: hub.dataFolder }));
  const stop = (): void => {
    process.exitCode ??= 0;
    hub.close().catch((thrown: unknown) => {
      console.error(thrown);
      process.exitCode = 1;
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (process.argv.includes('--help')) {
  console.log(usage);
} else {
  main().catch((thrown: unknown) => {
    console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    process.exit(1);
  });
}
