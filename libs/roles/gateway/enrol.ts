import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import type { EnrollRequest, EnrollResponse, RenewRequest, RenewResponse } from '@fairlead/core/model';
import { Open } from '@fairlead/roles/http';
import { enrollment } from '@fairlead/wire';

/** What the gateway's shell does for agents that have no stream yet. */
export interface Enrolment {
  enroll(request: EnrollRequest): Promise<EnrollResponse>;
  renew(request: RenewRequest): Promise<RenewResponse>;
}

/** Token under which Nest hands out {@link Enrolment}. */
export const ENROLMENT = Symbol('enrolment');

/** Enrolment by one-use token and renewal by possession of the key; bodies are ProtoJSON. */
@Controller()
@Open()
export class EnrolController {
  private readonly enrolment: Enrolment;

  constructor(@Inject(ENROLMENT) enrolment: Enrolment) {
    this.enrolment = enrolment;
  }

  @Post('/v1/enroll')
  @HttpCode(200)
  async enroll(@Body() body: unknown): Promise<unknown> {
    return enrollment.writeEnrollResponse(await this.enrolment.enroll(enrollment.readEnrollRequest(body)));
  }

  @Post('/v1/renew')
  @HttpCode(200)
  async renew(@Body() body: unknown): Promise<unknown> {
    return enrollment.writeRenewResponse(await this.enrolment.renew(enrollment.readRenewRequest(body)));
  }
}
