export { differences, type Difference } from './differences.ts';
export { entryOf, entryShrank, lostFields } from './entries.ts';
export { ignoredPointers, isIgnored, withoutIgnored } from './ignore.ts';
export { masked } from './mask.ts';
export { otherManagers, type FieldOwner } from './owners.ts';
export { reduceByEntry, reductionText, type Reduced } from './reduce.ts';
export { metadataText } from './seen.ts';
export { settleIgnored, type SettleOptions } from './settle.ts';
