import { FairleadError } from '@fairlead/core/model';
import { failure } from '../failures.ts';

/** Checks a URL. Throws InvalidInput for what is not plain HTTP(S), and for credentials in it, which are not repeated. */
export function repositoryUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    const current = url ? `of the form ${url.protocol}//…` : 'no URL';
    throw new FairleadError(
      `Cannot read the repository: its address is ${current}, and only https and http are spoken. Write an https URL.`,
      { code: 'InvalidInput', reason: 'InvalidDocument' },
    );
  }
  if (url.username || url.password) {
    url.username = '';
    url.password = '';
    throw failure(
      url.href,
      `Cannot read ${url.href}: the URL holds credentials. Take them out, and name a secret for it under credentials in the Fleet document.`,
      { code: 'InvalidInput', reason: 'InvalidDocument' },
    );
  }
  return url.href.replace(/\/+$/, '');
}
