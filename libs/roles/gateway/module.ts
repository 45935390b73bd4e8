import { Module, type DynamicModule } from '@nestjs/common';
import { ENROLMENT, EnrolController, type Enrolment } from './enrol.ts';

@Module({})
class GatewayModule {}

/** The gateway role's HTTPS side: enrolment and renewal. Its streams are served by the transport itself. */
export function gatewayModule(enrolment: Enrolment): DynamicModule {
  return {
    module: GatewayModule,
    controllers: [EnrolController],
    providers: [{ provide: ENROLMENT, useValue: enrolment }],
  };
}
