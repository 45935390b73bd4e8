export { httpChecks, type HttpChecksOptions } from './http.ts';
