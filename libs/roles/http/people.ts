import { join } from 'node:path';
import { peopleFolder, peopleIn } from '@fairlead/adapters/pki';
import type { Settings } from '@fairlead/roles/settings';
import type { Authenticate } from './guard.ts';

/** The administrator by the token of the keys, and everybody who has a token of their own. */
export function personBy(
  { isAdminToken }: { isAdminToken(token: string): boolean },
  { settings, now }: { readonly settings: Pick<Settings, 'keysFolder' | 'peopleFolder'>; readonly now: () => number },
): Authenticate {
  const nameOf = peopleIn(settings.peopleFolder ?? join(settings.keysFolder, peopleFolder), { now });
  return (token) => {
    const name = isAdminToken(token) ? 'admin' : nameOf(token);
    return name === undefined ? undefined : { name };
  };
}
