export { startLine, type Line } from './line.ts';
