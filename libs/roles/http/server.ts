import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { FairleadError } from '@fairlead/core/model';
import { tagAnswer } from './etag.ts';
import { AUTHENTICATE, TokenGuard, type Authenticate } from './guard.ts';
import { LOG, type Log } from './log.ts';
import { observeCalls } from './observe.ts';
import { pageAt } from './page.ts';
import { ProblemFilter } from './problem.ts';

/** How the one HTTPS listener of a process is made. */
export interface HttpOptions {
  readonly modules: readonly DynamicModule[];
  readonly authenticate: Authenticate;
  readonly log: Log;
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  /** Calls a minute from one address. */
  readonly callsPerMinute: number;
  /** The folder of the built page, where this listener has one. */
  readonly page?: string;
}

/** Nothing but what this listener gives out itself: no inline script or style, no frame, no other host. */
const contentSecurity = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

/** Bodies are small: certificate requests and decisions. */
const bodyBytes = 1024 * 1024;

@Module({})
class HttpRoot {}

/** Makes the listener, with guards for all: deny by default, problem+json, safe headers, a rate limit. */
export async function createHttp(options: HttpOptions): Promise<INestApplication> {
  const page = options.page === undefined ? undefined : pageAt(options.page);
  const root: DynamicModule = {
    module: HttpRoot,
    // The log is there for all modules.
    global: true,
    exports: [LOG],
    imports: [...options.modules, ...(page?.modules ?? [])],
    providers: [
      { provide: AUTHENTICATE, useValue: options.authenticate },
      { provide: LOG, useValue: options.log },
      { provide: APP_GUARD, useClass: TokenGuard },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
  };
  const adapter = new FastifyAdapter({
    https: { cert: options.tls.certPem, key: options.tls.keyPem, minVersion: 'TLSv1.3' },
    bodyLimit: bodyBytes,
    // What is being answered is answered; `listenHttps` cuts off what does not end.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: false,
    rawBody: true,
    // Nest would end the process instead of telling the caller.
    abortOnError: false,
  });
  observeCalls(adapter.getInstance());
  await app.register(helmet, {
    contentSecurityPolicy: contentSecurity,
    // A browser would hold it against every other port of the host: on a laptop that is localhost.
    strictTransportSecurity: false,
  });
  await app.register(rateLimit, {
    max: options.callsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: (_request, { max, ttl }) => tooMany(max, ttl),
  });
  adapter.getInstance().addHook('onSend', tagAnswer);
  await page?.serve(app);
  return app;
}

function tooMany(max: number, waitMs: number): FairleadError {
  return new FairleadError(
    `Cannot answer: more than ${max} calls a minute came from this address. Wait for ${Math.ceil(waitMs / 1000)} s.`,
    { code: 'ResourceExhausted', reason: 'RateLimited', retry: { afterMs: waitMs } },
  );
}
