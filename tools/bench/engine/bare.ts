import { serveParent } from '../child.ts';

/** A Node that does nothing: what a process costs before it is anything. */
serveParent(() => Promise.resolve({}));
