import { pino } from 'pino';
import { asFairleadError } from '@fairlead/core/model';
import type { AgentLog } from '@fairlead/shell/agent';
import { readConfig } from './config.ts';
import { collectAtRest } from './rest.ts';
import { runAgent } from './run.ts';

/** A second signal, or a stop that takes longer than this, ends the process as it is: the state in the cluster allows it. */
const stopWithinMs = 10_000;

async function main(): Promise<void> {
  const config = await readConfig(process.argv.slice(2), process.env);
  const out = pino({
    level: config.logLevel,
    base: { cluster: config.cluster },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const log: AgentLog = {
    info: (event, fields = {}) => out.info(fields, event),
    warn: (event, fields = {}) => out.warn(fields, event),
    error: (event, fields = {}) => out.error(fields, event),
  };
  collectAtRest();
  const running = await runAgent(config, log);
  const stop = (signal: string): void => {
    log.info('agent.stopping', { signal });
    setTimeout(() => process.exit(0), stopWithinMs).unref();
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Timers of the agent's clock keep no process alive; this does.
  const alive = setInterval(() => undefined, 2_147_483_647);
  try {
    await running.agent.failed;
  } finally {
    clearInterval(alive);
  }
}

main().catch((thrown: unknown) => {
  const { code, reason, message } = asFairleadError(thrown);
  process.stderr.write(`${JSON.stringify({ level: 'fatal', code, reason, message })}\n`);
  process.exit(1);
});
