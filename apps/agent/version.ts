import metadata from './package.json' with { type: 'json' };

/** Of this agent. */
export const version: string = metadata.version;
