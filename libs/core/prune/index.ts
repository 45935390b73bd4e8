export {
  decidePrune,
  type PruneBudget,
  type PruneDecision,
  type PruneDelete,
  type PruneInput,
  type PruneNote,
  type PruneRelease,
} from './decide.ts';
export { isOurs, settleIntent, type IntentOptions, type Settled } from './intent.ts';
export { isProtected, type InventoryEntry, type Origin, type Sight } from './inventory.ts';
export { decideRecreate, type RecreateDecision, type RecreateInput } from './recreate.ts';
