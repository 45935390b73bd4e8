import { decidedView, eventView, fleetReadView, type EventView } from '@fairlead/wire/rest';
import { jsonOf } from '../api/json.ts';
import type { Frame } from './frames.ts';

/** What of the page may be old now. */
export interface Concerns {
  /** TEAM/NAME of each. */
  readonly applications: readonly string[] | 'All';
  /** Of the fleet repository as the hub has read it; at another one anything may be defined anew. */
  readonly head?: string;
}

/** What an event concerns; undefined where it moves nothing that the page shows. The fleet's own summary is always among it. */
export function concernsOf({ event, data }: Frame): Concerns | undefined {
  const said = jsonOf(data);
  if (event === 'Fleet') {
    const { head } = fleetReadView.safeParse(said).data ?? {};
    return { applications: [], ...(head !== undefined && { head }) };
  }
  if (event === 'Decided') {
    const decided = decidedView.safeParse(said);
    return {
      applications: decided.success && decided.data.applications.length > 0 ? decided.data.applications : 'All',
    };
  }
  const line = eventView.safeParse(said);
  return line.success ? concernsOfLine(line.data) : undefined;
}

/** A line about an environment alone is of its policy, and one about a cluster alone of who is connected. */
function concernsOfLine({ application, environment }: EventView): Concerns {
  if (application !== undefined) return { applications: [application] };
  return { applications: environment === undefined ? [] : 'All' };
}
