export { startSourcesRole, type SourcesParts, type SourcesRole } from './compose.ts';
export { sourcesModule } from './module.ts';
export { startSourcesProgram } from './program.ts';
export { makeWebhookSecret, webhookSecretIn } from './secret.ts';
export { type WebhookParts } from './webhook.ts';
