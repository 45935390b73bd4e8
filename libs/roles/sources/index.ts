export { sourcesModule } from './module.ts';
export { type WebhookParts } from './webhook.ts';
