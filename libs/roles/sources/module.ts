import { Module, type DynamicModule } from '@nestjs/common';
import { WEBHOOK, WebhookController, type WebhookParts } from './webhook.ts';

@Module({})
class SourcesModule {}

/** The sources role's listener: push notices. */
export function sourcesModule(parts: WebhookParts): DynamicModule {
  return {
    module: SourcesModule,
    controllers: [WebhookController],
    providers: [{ provide: WEBHOOK, useValue: parts }],
  };
}
