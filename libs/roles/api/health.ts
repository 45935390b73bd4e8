import { Controller, Get, HttpCode, Inject } from '@nestjs/common';
import { FairleadError } from '@fairlead/core/model';
import { Open } from '@fairlead/roles/http';

/** Says why a process cannot do its work now; undefined while it can. */
export type Readiness = () => FairleadError | undefined | Promise<FairleadError | undefined>;

/** Token under which Nest hands out {@link Readiness}. */
export const READINESS = Symbol('readiness');

/** Probes. */
@Controller()
@Open()
export class HealthController {
  private readonly readiness: Readiness;

  constructor(@Inject(READINESS) readiness: Readiness) {
    this.readiness = readiness;
  }

  /** The process lives and its event loop turns. */
  @Get('/healthz')
  @HttpCode(200)
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** The process can do its work. */
  @Get('/readyz')
  @HttpCode(200)
  async ready(): Promise<{ status: string }> {
    const trouble = await this.readiness();
    if (!trouble) return { status: 'ok' };
    // Anybody may ask this: words that are not ours stay in the log and in the status of the fleet.
    const message = trouble.code === 'Internal' ? 'The hub is not ready. See `fairlead status`.' : trouble.message;
    throw new FairleadError(message, { code: 'Unavailable', reason: trouble.reason });
  }
}
