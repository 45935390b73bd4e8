import { Inject, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FairleadError } from '@fairlead/core/model';
import type { FastifyRequest } from 'fastify';

const openKey = 'fairlead:open';

/** Marks what answers without a token: health, enrolment by join token, renewal by key, webhooks by HMAC. */
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(openKey, true);

/** Who calls. Its name goes into the commits that it causes. */
export interface Person {
  readonly name: string;
}

/** Finds the person by a bearer token, in constant time; undefined for a token that is not ours. */
export type Authenticate = (token: string) => Person | undefined;

/** Token under which Nest hands out {@link Authenticate}. */
export const AUTHENTICATE = Symbol('authenticate');

/** Global: deny by default. Everything that is not marked open needs a bearer token. */
export class TokenGuard implements CanActivate {
  private readonly authenticate: Authenticate;
  private readonly reflector: Reflector;

  constructor(@Inject(AUTHENTICATE) authenticate: Authenticate, @Inject(Reflector) reflector: Reflector) {
    this.authenticate = authenticate;
    this.reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride<boolean>(openKey, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { person?: Person }>();
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    const person = token === undefined ? undefined : this.authenticate(token);
    if (person) {
      request.person = person;
      return true;
    }
    throw new FairleadError(
      `Cannot answer: the call carries ${token === undefined ? 'no bearer token' : 'a token that this hub does not know'}. Send a token of your own, or that of the file admin-token in the hub's data folder.`,
      {
        code: 'Unauthenticated',
        reason: token === undefined ? 'CredentialsMissing' : 'TokenInvalid',
      },
    );
  }
}
