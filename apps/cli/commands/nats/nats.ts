import type { Register } from '../../cli.ts';
import { registerNatsConfig } from './config.ts';

/** `fairlead nats …`. */
export const registerNats: Register = (program, cli) => {
  registerNatsConfig(program.command('nats').description('brokers that agents stream over'), cli);
};
