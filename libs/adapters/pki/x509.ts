import 'reflect-metadata';
import * as library from '@peculiar/x509';

/** The certificate library; it wants the polyfill above to be there first. */
export const x509 = library;
