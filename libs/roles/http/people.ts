import { peopleIn } from '@fairlead/adapters/pki';
import type { Authenticate } from './guard.ts';

/** The administrator by the token of the keys, and everybody who has a token of their own in the folder `people` beside them. */
export function personBy(
  { isAdminToken }: { isAdminToken(token: string): boolean },
  { keysFolder, now }: { readonly keysFolder: string; readonly now: () => number },
): Authenticate {
  const nameOf = peopleIn(keysFolder, { now });
  return (token) => {
    const name = isAdminToken(token) ? 'admin' : nameOf(token);
    return name === undefined ? undefined : { name };
  };
}
