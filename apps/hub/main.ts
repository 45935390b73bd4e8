import { startHub } from '@fairlead/roles/embedded';
import { readFlags, usage } from './flags.ts';

/** All four roles in one process. Says one JSON line on standard output when it is ready; logs go to standard error. */
async function main(): Promise<void> {
  const hub = await startHub(readFlags(process.argv.slice(2)), {
    workerUrl: new URL('./store-worker.mjs', import.meta.url),
  });
  console.log(JSON.stringify({ ready: true, api: hub.api, grpc: hub.grpc, dataDir: hub.dataFolder }));
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    process.exitCode ??= 0;
    hub.close().catch((thrown: unknown) => {
      console.error(thrown);
      // What was not closed would keep the process alive.
      process.exit(1);
    });
  };
  // Ctrl-C in a terminal reaches this process and `fairlead up`, which then asks for the same: later ones change nothing.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
  // The channel of `fairlead up` closes when that process dies, however it dies; nobody would end this one then.
  process.channel?.unref();
  process.once('disconnect', stop);
}

// A rejection that nobody caught is a mistake of ours. Every step looks again by itself, so the hub goes on and tells of it.
process.on('unhandledRejection', (thrown) => {
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  console.error(JSON.stringify({ level: 50, time: Date.now(), msg: 'a rejection was not handled', err: { message } }));
});

if (process.argv.includes('--help')) {
  console.log(usage);
} else {
  main().catch((thrown: unknown) => {
    console.error(`error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    process.exit(1);
  });
}
