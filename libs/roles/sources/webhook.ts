import { createHmac, timingSafeEqual } from 'node:crypto';
import { Controller, Headers, HttpCode, Inject, Post, Req, type RawBodyRequest } from '@nestjs/common';
import { FairleadError } from '@fairlead/core/model';
import { Open } from '@fairlead/roles/http';
import type { FastifyRequest } from 'fastify';

/** What a webhook rings: every repository whose URL is named. */
export interface WebhookParts {
  /** Shared with the git server; read at each call. */
  secret(): Promise<string>;
  ring(urls: readonly string[]): void;
}

/** Whoever sends a notice learns no path of this machine. */
const secretFile = 'the file webhook-secret in the folder of --keys (a hub without --keys: of --data)';

/** Token under which Nest hands out {@link WebhookParts}. */
export const WEBHOOK = Symbol('webhook');

/** Push notices of git servers. A notice is only a reason to ask the server itself. */
@Controller()
export class WebhookController {
  private readonly parts: WebhookParts;

  constructor(@Inject(WEBHOOK) parts: WebhookParts) {
    this.parts = parts;
  }

  /** Proven by HMAC-SHA256 of the body, as GitHub, Gitea and Forgejo send it (`X-Hub-Signature-256`). */
  @Post('/webhooks/git')
  @HttpCode(202)
  @Open()
  async git(
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Headers('x-hub-signature-256') signature: string | undefined,
  ): Promise<{ rung: number }> {
    const body = request.rawBody ?? Buffer.alloc(0);
    const expected = createHmac('sha256', await this.secret())
      .update(body)
      .digest();
    if (signature === undefined || !isSigned(signature, expected)) {
      throw new FairleadError(
        `Cannot take the webhook: X-Hub-Signature-256 is missing or does not fit. Give the git server the secret of ${secretFile}.`,
        {
          code: 'Unauthenticated',
          reason: 'SignatureMissing',
        },
      );
    }
    const urls = urlsOf(request.body);
    this.parts.ring(urls);
    return { rung: urls.length };
  }

  /** Anybody can sign with a secret that is empty, such as a file that was cut off. */
  private async secret(): Promise<string> {
    const secret = await this.parts.secret();
    if (secret.length >= shortestSecret) return secret;
    throw new FairleadError(
      `Cannot take the webhook: ${secretFile} has ${secret.length} characters, and ${shortestSecret} is the least. Write a longer one, and give it to the git server.`,
      { code: 'FailedPrecondition', reason: 'SignatureMissing' },
    );
  }
}

const shortestSecret = 16;

/** Compares in constant time; the header may hold anything. */
function isSigned(signature: string, expected: Buffer): boolean {
  const [, hex] = /^sha256=([0-9a-f]{64})$/i.exec(signature) ?? [];
  return hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected);
}

const fields = ['clone_url', 'html_url', 'git_http_url', 'url', 'http_url'] as const;

/** The repository's addresses, under the names that forges use. */
function urlsOf(body: unknown): string[] {
  const { repository, project } = (body ?? {}) as {
    repository?: Record<string, unknown>;
    project?: Record<string, unknown>;
  };
  const found = [repository, project].flatMap((one) => fields.map((field) => one?.[field]));
  return [...new Set(found.filter((url): url is string => typeof url === 'string' && /^https?:\/\//.test(url)))];
}
