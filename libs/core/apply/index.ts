export { isClientSide, takeOver } from './adoption.ts';
export {
  decideObject,
  hasEnded,
  isCurrent,
  type LastApplied,
  type ObjectDecision,
  type ObjectInput,
  type Standing,
} from './decide.ts';
export { otherOwnerOf } from './owners.ts';
export {
  groupNameOf,
  isDefinition,
  planStages,
  rankOf,
  type ApplyGroup,
  type ApplyStage,
  type GroupName,
} from './stages.ts';
export { trackingOf, withTracking, type TrackedApplication, type Tracking } from './tracking.ts';
