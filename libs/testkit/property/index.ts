export { patienceMs, seeded } from './seeded.ts';
