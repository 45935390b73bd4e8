export { runProgram, type Running } from './run.ts';
