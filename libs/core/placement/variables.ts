import { FairleadError, type ApplicationId, type Json } from '@fairlead/core/model';

/** What `${…}` may name; called with the text between the braces. */
export type Lookup = (name: string) => string | undefined;

/** Whose text is filled, for messages. */
export interface FillOptions {
  readonly application: ApplicationId;
  readonly cluster: string;
  /** The field of the Application that holds the text. */
  readonly field: string;
  /** Names to offer when one is unknown. */
  readonly known: readonly string[];
}

/**
 * A text with each `${name}` filled in; `$${name}` stands for a literal `${name}`. What is filled in is not searched
 * again. Throws `FairleadError` (InvalidDocument) that names an unknown variable.
 */
export function fillText(text: string, options: FillOptions & { readonly lookup: Lookup }): string {
  if (!text.includes('${')) return text;
  return text.replaceAll(/(\$?)\$\{([^}]*)\}/g, (_whole, escape: string, name: string) => {
    if (escape !== '') return `\${${name}}`;
    const value = options.lookup(name);
    if (value !== undefined) return value;
    throw new FairleadError(
      `Cannot render ${options.application} for ${options.cluster}: ${options.field} names the variable \`\${${name}}\`, which does not exist there. Known are ${options.known.join(', ')}; write \`$\${${name}}\` for the text itself.`,
      {
        code: 'InvalidInput',
        reason: 'InvalidDocument',
        subject: { application: options.application, cluster: options.cluster, field: options.field },
      },
    );
  });
}

/** A JSON value with the texts in it filled; keys stay as they are. */
export function fillJson<Value extends Json>(value: Value, options: FillOptions & { readonly lookup: Lookup }): Value {
  const fill = (part: Json, field: string): Json => {
    if (typeof part === 'string') return fillText(part, { ...options, field });
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map((item: Json, index) => fill(item, `${field}[${index}]`));
    return Object.fromEntries(
      Object.entries(part).map(([key, item]: [string, Json]) => [key, fill(item, `${field}.${key}`)]),
    );
  };
  return fill(value, options.field) as Value;
}
