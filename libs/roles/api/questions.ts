import { Controller, Inject } from '@nestjs/common';
import { applicationId, FairleadError, isApplicationId, isName, parseKey } from '@fairlead/core/model';
import { Input, Operation, type Given } from '@fairlead/roles/http';
import { createPlan, getClusterEvents, getDiff, getObject, getTree, type PlanPorts } from '@fairlead/shell/api';
import type { Answer } from '@fairlead/wire/rest';

/** Token under which Nest hands out what questions to clusters go by. */
export const PLAN_PORTS = Symbol('plan ports');

/** Where a question is about: the parameters of its path. */
interface Place {
  readonly cluster: string;
  readonly team: string;
  readonly name: string;
  readonly object?: string | undefined;
}

/** Everything that agents are asked for. Nothing of it is kept. */
@Controller()
export class QuestionsController {
  private readonly ports: PlanPorts;

  constructor(@Inject(PLAN_PORTS) ports: PlanPorts) {
    this.ports = ports;
  }

  @Operation('getTree')
  getTree(@Input('getTree') given: Place): Promise<Answer<'getTree'>> {
    return getTree(this.ports, askedOf(given));
  }

  @Operation('getObject')
  getObject(@Input('getObject') given: Place): Promise<Answer<'getObject'>> {
    return getObject(this.ports, askedOf(given));
  }

  @Operation('getDiff')
  getDiff(@Input('getDiff') given: Place): Promise<Answer<'getDiff'>> {
    return getDiff(this.ports, askedOf(given));
  }

  @Operation('getClusterEvents')
  getClusterEvents(@Input('getClusterEvents') given: Place): Promise<Answer<'getClusterEvents'>> {
    return getClusterEvents(this.ports, askedOf(given));
  }

  @Operation('createPlan')
  createPlan(@Input('createPlan') given: Given<'createPlan'>): Promise<Answer<'createPlan'>> {
    return createPlan(this.ports, given);
  }
}

/** Longer than any name of an object is. */
const mostObjectChars = 1024;

function askedOf({ cluster, team, name, object }: Place) {
  const application = applicationId(team, name);
  if (!isApplicationId(application))
    throw new FairleadError(`Cannot look at ${team}/${name}: it names no application. See \`fairlead apps\`.`, {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
      subject: { field: isName(team) ? 'name' : 'team' },
    });
  if (object !== undefined && (object.length > mostObjectChars || parseKey(object) === undefined))
    throw new FairleadError(
      `Cannot look at ${object}: an object is named GROUP/KIND/NAMESPACE/NAME, where group and namespace may be empty. See \`fairlead apps tree\`.`,
      { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: 'object' } },
    );
  return { cluster, application, object };
}
