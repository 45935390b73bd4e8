export { provide, type Provided } from './provide.ts';
