import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Gives every answer to a reading a weak tag by its content, and answers 304 without a body to whoever names that tag
 * in If-None-Match (RFC 9110, 13.1.2). The answer is made all the same: what is saved is its way to the caller.
 */
export async function tagAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const tag = `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;
  // Kept by whoever asked, asked for again at each use, and by nobody in between.
  reply.header('etag', `W/${tag}`).header('cache-control', 'private, no-cache');
  if (!names(request.headers['if-none-match'], tag)) return payload;
  reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return '';
}

/** Weak comparison: a `W/` before a tag does not count. */
function names(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return tags.includes(tag) || tags.includes('*');
}
