export { changesBetween, type Change } from './changes.ts';
export { conceal } from './conceal.ts';
export { fitting, shortened } from './fit.ts';
export { operatorGroups, ownableKinds, type KindName } from './owned.ts';
export { treeOf, type Root, type TreeBounds, type TreePlace } from './tree.ts';
