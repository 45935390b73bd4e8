export { openGround, type Ground, type GroundOptions } from './ground.ts';
