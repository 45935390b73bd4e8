import {
  applyDecorators,
  createParamDecorator,
  Delete,
  Get,
  HttpCode,
  Post,
  type ExecutionContext,
} from '@nestjs/common';
import { FairleadError } from '@fairlead/core/model';
import { routes, type Operation as OperationName, type Route } from '@fairlead/wire/rest';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

const verbs = { GET: Get, POST: Post, DELETE: Delete };

/** Puts a method behind the route of the table that has its name. */
export function Operation(name: OperationName): MethodDecorator {
  const { method, path } = routes[name];
  return applyDecorators(verbs[method](path.replaceAll(/\{(\w+)\}/g, ':$1')), HttpCode(200));
}

type Part<Name extends OperationName, Where extends 'query' | 'body'> =
  (typeof routes)[Name] extends Record<Where, infer Schema extends z.ZodType> ? z.output<Schema> : object;

/** What a call gave, checked by the table's schemas: query and body in one object; parameters of the path beside them. */
export type Given<Name extends OperationName> = Part<Name, 'query'> & Part<Name, 'body'>;

/** Reads and checks what a call gave. Throws `FairleadError` (InvalidArgument) that names the field. */
export const Input = createParamDecorator((name: OperationName, context: ExecutionContext) => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const route: Route = routes[name];
  return {
    ...(request.params as object),
    ...(route.query ? checked(route.query, request.query) : {}),
    ...(route.body ? checked(route.body, request.body ?? {}) : {}),
  };
});

function checked(schema: z.ZodType, value: unknown): object {
  const result = schema.safeParse(value);
  if (result.success) return result.data as object;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new FairleadError(
    `Cannot take the call: ${field || 'the body'} ${issue?.message ?? 'is not valid'}. See /openapi.json for what it takes.`,
    {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
      subject: { field },
      cause: result.error,
    },
  );
}
