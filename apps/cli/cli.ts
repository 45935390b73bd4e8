import type { Command } from 'commander';
import { hubClient, type HubClient } from './hub/client.ts';
import { chooseHub } from './hub/profile.ts';
import type { Io } from './io.ts';
import { printer, type Format, type Printer } from './output/print.ts';
import { paintFor } from './output/words.ts';

/** Options that every command has. */
interface Globals {
  readonly output: Format;
  readonly profile?: string;
  readonly color: boolean;
}

/** What a command is handed. */
export interface Invocation<Options> {
  /** Its arguments in their order; one that may be left out is undefined. */
  readonly words: readonly (string | undefined)[];
  readonly options: Options & Globals;
  readonly io: Io;
  readonly print: Printer;
  /** The client of the hub that profile and environment name. */
  hub(): Promise<HubClient>;
}

/** What a command does; a number is the exit code, nothing is 0. */
type Work<Options> = (given: Invocation<Options>) => Promise<number | void>;

/** One run: commands leave their exit code here. */
export interface Cli {
  /** Makes the action of a command. */
  does<Options extends object = object>(work: Work<Options>): (this: Command) => Promise<void>;
}

/** Adds one command to the program; one file each in `commands/`. */
export type Register = (program: Command, cli: Cli) => void;

/** The {@link Cli} over an {@link Io}; `ended` hears the exit code. */
export function cliOf(io: Io, ended: (code: number) => void): Cli {
  return {
    does<Options extends object>(work: Work<Options>) {
      return async function action(this: Command) {
        const options: Options & Globals = this.optsWithGlobals();
        const paint = paintFor({ terminal: io.terminal && options.color, env: options.color ? io.env : {} });
        const code = await work({
          words: this.processedArgs as (string | undefined)[],
          options,
          io,
          print: printer(io, { format: options.output, paint }),
          hub: async () => hubClient(await chooseHub(io, { profile: options.profile })),
        });
        ended(code ?? 0);
      };
    },
  };
}
