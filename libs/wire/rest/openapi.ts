import { z } from 'zod';
import { problemJson } from './resources.ts';
import { routes, type Route } from './routes.ts';

/** The OpenAPI 3.1 document of the status API. */
export function openapi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [operationId, route] of Object.entries<Route>(routes)) {
    const at = (paths[route.path] ??= {});
    at[route.method.toLowerCase()] = operation(operationId, route);
  }
  paths['/api/v1/watch'] = { get: watch };
  return {
    openapi: '3.1.0',
    info: { title: 'Fairlead', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: {
        Problem: {
          description: 'A problem (RFC 9457)',
          content: { 'application/problem+json': { schema: schemaOf(problemJson) } },
        },
      },
    },
  };
}

const watch = {
  operationId: 'watch',
  summary: 'The journal as it is written, as server-sent events; `Last-Event-ID` goes on where a client left',
  responses: {
    '200': {
      description:
        'Each event with an id is one line of the journal. Without one, `Decided` names applications about which something was decided (all where it names none), and `Fleet` says that the fleet repository was read, and at which commit (`head`); neither is said again to who was away. A stream on which nothing happens has a comment every 20 s',
      content: { 'text/event-stream': {} },
    },
    default: { $ref: '#/components/responses/Problem' },
  },
};

function operation(operationId: string, route: Route): object {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = route.query
    ? Object.entries(route.query.shape).map(([name, schema]) => ({
        name,
        in: 'query',
        required: false,
        schema: schemaOf(schema as z.ZodType),
      }))
    : [];
  return {
    operationId,
    summary: route.summary,
    parameters: [...inPath, ...inQuery, ...(route.method === 'GET' ? [ifNoneMatch] : [])],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } } }
      : {}),
    responses: {
      '200': {
        description: 'OK',
        ...(route.method === 'GET' ? { headers: { ETag: etag } } : {}),
        content: { 'application/json': { schema: schemaOf(route.answer, 'output') } },
      },
      ...(route.method === 'GET'
        ? { '304': { description: 'The answer is the one that If-None-Match names', headers: { ETag: etag } } }
        : {}),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const etag = { description: 'Weak tag of the answer', schema: { type: 'string' } };
const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'Tags of answers that the caller has',
  required: false,
  schema: { type: 'string' },
};

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return json;
}
