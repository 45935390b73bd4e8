import { splitApplicationId, type ApplicationId } from '@fairlead/core/model';
import type { ApplicationView } from '@fairlead/wire/rest';
import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';

/** All pages of the list. */
export async function readApplications(client: Client): Promise<ApplicationView[]> {
  const all: ApplicationView[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call('listApplications', { query: { limit: 500, ...(cursor && { cursor }) } });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}

/** One application; undefined where it is gone. */
export async function readApplication(client: Client, id: string): Promise<ApplicationView | undefined> {
  const { team, name } = splitApplicationId(id as ApplicationId);
  try {
    return await client.call('getApplication', { path: { team, name } });
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.status === 404) return undefined;
    throw thrown;
  }
}
