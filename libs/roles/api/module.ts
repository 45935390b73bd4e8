import { Module, type DynamicModule } from '@nestjs/common';
import type { ApplicationPorts, ChangesPorts, PlanPorts } from '@fairlead/shell/api';
import { HealthController, READINESS, type Readiness } from './health.ts';
import { READ_PORTS, ReadsController } from './reads.ts';
import { PLAN_PORTS, QuestionsController } from './questions.ts';
import { WATCHED, WatchController, type Watched } from './watch.ts';
import { ACTIONS, WritesController, type Actions } from './writes.ts';

/** What the api role is made of. */
export interface ApiParts extends Watched {
  readonly ports: ApplicationPorts & PlanPorts & ChangesPorts;
  readonly actions: Actions;
  readonly readiness: Readiness;
}

@Module({})
class ApiModule {}

/** The api role: REST, watch, health. */
export function apiModule({ ports, actions, readiness, bus, onFleet }: ApiParts): DynamicModule {
  return {
    module: ApiModule,
    controllers: [ReadsController, QuestionsController, WritesController, WatchController, HealthController],
    providers: [
      { provide: READ_PORTS, useValue: ports },
      { provide: PLAN_PORTS, useValue: ports },
      { provide: ACTIONS, useValue: actions },
      { provide: WATCHED, useValue: { bus, onFleet } satisfies Watched },
      { provide: READINESS, useValue: readiness },
    ],
  };
}
