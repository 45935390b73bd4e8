import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import { instruments, scope } from '@fairlead/adapters/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Methods that only read: they are timed, and make no traces. */
const reads = new Set(['GET', 'HEAD', 'OPTIONS']);
/** By the semantic conventions any other word is `_OTHER`: a caller must not make label values. */
const methods = new Set([...reads, 'POST', 'PUT', 'PATCH', 'DELETE']);

interface Call {
  readonly span: Span;
  readonly inside: Context;
}

/**
 * Times every call by method, route and status, and begins a trace with each that may change something. A trace that the
 * caller names is not gone on with: nobody outside decides what is recorded here.
 */
export function observeCalls(fastify: FastifyInstance): void {
  const calls = new WeakMap<FastifyRequest, Call>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!reads.has(request.method)) calls.set(request, begin(request));
    done();
  });
  // Here and not before: the events of a body are not those of the call.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const call = calls.get(request);
    if (call) context.with(call.inside, done);
    else done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply;
    const status = { 'http.response.status_code': statusCode };
    instruments().httpDuration.record(elapsedTime / 1000, { ...labelsOf(request), ...status });
    const span = calls.get(request)?.span;
    span?.setAttributes(status);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
}

function begin(request: FastifyRequest): Call {
  const labels = labelsOf(request);
  const name = `${labels['http.request.method']} ${labels['http.route']}`;
  const span = trace.getTracer(scope).startSpan(name, { kind: SpanKind.SERVER, attributes: labels }, ROOT_CONTEXT);
  return { span, inside: trace.setSpan(ROOT_CONTEXT, span) };
}

function labelsOf({ method, routeOptions }: FastifyRequest) {
  return {
    'http.request.method': methods.has(method) ? method : '_OTHER',
    // The pattern, never the path: that one holds names.
    'http.route': routeOptions.url ?? '(none)',
    'url.scheme': 'https',
  };
}
