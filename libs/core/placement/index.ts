export {
  effectiveLabels,
  mayEnter,
  place,
  type Conflict,
  type EmptySelection,
  type Placement,
  type PlacementInput,
} from './place.ts';
export { parseSelector } from './parseSelector.ts';
export {
  mergeValues,
  renderPlan,
  type PlanTarget,
  type RenderCluster,
  type RenderInputs,
  type RenderPlan,
} from './plan.ts';
export { matches, type Labels } from './selector.ts';
export { asVerification, verificationDefinition } from './verification.ts';
