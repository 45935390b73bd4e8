import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Person } from './guard.ts';

/** The person that the guard found. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Person => {
  const { person } = context.switchToHttp().getRequest<{ person?: Person }>();
  return person ?? { name: 'unknown' };
});
