import { Cron } from 'croner';
import {
  cronOf,
  windowsOf,
  type Application,
  type Environment,
  type FairleadError,
  type Gate,
  type Window,
} from '@fairlead/core/model';
import { problemAt, type DocumentPlace } from '../schema/check.ts';
import type { Path } from '../yaml/locate.ts';

/** A document that follows its schema, of any kind. */
type Checked = DocumentPlace & { readonly name: string } & (
    | { readonly kind: 'Environment'; readonly value: Environment }
    | { readonly kind: 'Application'; readonly value: Application }
    | { readonly kind: 'Fleet' | 'Cluster' | 'Team'; readonly value: object }
  );

interface Placed {
  readonly window: Window;
  readonly path: Path;
}

/** A leap year from its first day on: what does not begin in the eight years after it never does. */
const from = new Date(Date.UTC(2096, 0, 1));

function inGates(gates: readonly Gate[], path: Path): Placed[] {
  return gates.flatMap((gate, at): Placed[] => {
    if (!('window' in gate)) return [];
    const alone = !Array.isArray(gate.window);
    return windowsOf(gate).map((window, index) => ({
      window,
      path: [...path, at, 'window', ...(alone ? [] : [index])],
    }));
  });
}

function windowsIn(document: Checked): Placed[] {
  if (document.kind === 'Environment') {
    const { windows, gates } = document.value.spec;
    const own = windows.map((window, at): Placed => ({ window, path: ['spec', 'windows', at] }));
    return [...own, ...inGates(gates, ['spec', 'gates'])];
  }
  if (document.kind !== 'Application') return [];
  return document.value.spec.pipeline.flatMap(({ gates }, at) => inGates(gates, ['spec', 'pipeline', at, 'gates']));
}

function whyNot(window: Window): string | undefined {
  const cron = cronOf(window);
  try {
    const next = new Cron(cron, { mode: '5-part', paused: true }).nextRun(from);
    return next === null ? `never begins: no day is ever \`${cron}\`. Correct the day and the month.` : undefined;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.replace(/^CronPattern: /, '') : String(thrown);
    return `is no cron expression: ${why.replace(/\.$/, '')}. Write minute, hour, day of month, month, day of week.`;
  }
}

/** What a schema cannot say of the windows in a document: that a cron expression is one, and begins some day. */
export function checkWindows(document: Checked): FairleadError[] {
  return windowsIn(document).flatMap(({ window, path }) => {
    const text = whyNot(window);
    if (text === undefined) return [];
    const field = 'allow' in window ? 'allow' : 'deny';
    return [problemAt(document, { what: `${document.kind} ${document.name}`, path: [...path, field], text })];
  });
}
