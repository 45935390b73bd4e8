import { Module, type DynamicModule } from '@nestjs/common';
import { WEBHOOK, WebhookController, type WebhookParts } from './webhook.ts';

/** The sources role's listener: push notices. */
@Module({})
export class SourcesModule {
  static with(parts: WebhookParts): DynamicModule {
    return {
      module: SourcesModule,
      controllers: [WebhookController],
      providers: [{ provide: WEBHOOK, useValue: parts }],
    };
  }
}
