import { attachedRoute } from '../../../families/routes.ts';
import type { Check } from '../../../verdict.ts';

/** A route is healthy when every Gateway that it names has accepted it; so are its siblings for other protocols. */
export const check: Check = attachedRoute;
