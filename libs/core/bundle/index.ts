export { buildBundle, type Bundle, type BundleParts } from './build.ts';
export { canonicalJson } from './canonical/json.ts';
export { canonicalObject, isSecret } from './canonical/object.ts';
export { definitionContent } from './content.ts';
export { desiredRoot, headBytes, parseHead, statusDigest } from './desired.ts';
export {
  objectDigest,
  releaseDigest,
  sha256,
  trackingId,
  treeDigest,
  valueDigest,
  type ReleaseParts,
  type TreeFile,
} from './digest.ts';
