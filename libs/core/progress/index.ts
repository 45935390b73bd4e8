export {
  judgeLoop,
  type LoopLimits,
  type LoopMemory,
  type LoopReading,
  type LoopState,
  type LoopVerdict,
} from './judge.ts';
