import type { Path } from '../yaml/locate.ts';

/** The parts of a zod schema that say which fields an object may have. */
export interface SchemaNode {
  readonly def: {
    readonly type: string;
    readonly shape?: Readonly<Record<string, SchemaNode>>;
    readonly element?: SchemaNode;
    readonly valueType?: SchemaNode;
    readonly innerType?: SchemaNode;
    readonly in?: SchemaNode;
    readonly options?: readonly SchemaNode[];
  };
}

/** Through defaults, optionals, transforms and unions to the schemas that a value can meet. */
function unwrap(node: SchemaNode): SchemaNode[] {
  const { innerType, in: input, options } = node.def;
  if (innerType !== undefined) return unwrap(innerType);
  if (input !== undefined) return unwrap(input);
  return options === undefined ? [node] : options.flatMap(unwrap);
}

function step(node: SchemaNode, key: PropertyKey): SchemaNode[] {
  return unwrap(node).flatMap(({ def }) => {
    if (def.shape !== undefined) {
      const field = Object.hasOwn(def.shape, key) ? def.shape[String(key)] : undefined;
      return field === undefined ? [] : [field];
    }
    const item = typeof key === 'number' ? def.element : def.valueType;
    return item === undefined ? [] : [item];
  });
}

/** Names of the fields that the schema knows at a path, in its order. */
export function fieldsAt(schema: SchemaNode, path: Path): string[] {
  let nodes = [schema];
  for (const key of path) nodes = nodes.flatMap((node) => step(node, key));
  return [...new Set(nodes.flatMap(unwrap).flatMap(({ def }) => Object.keys(def.shape ?? {})))];
}
