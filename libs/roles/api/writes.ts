import { Controller, Inject } from '@nestjs/common';
import { Caller, Input, Operation, type Given, type Person } from '@fairlead/roles/http';
import type { Answer, Operation as OperationName } from '@fairlead/wire/rest';

/** What people may ask for; each becomes a ledger commit under the person's name, or a one-use token. */
export type Actions = {
  readonly [
    Name in Extract<
      OperationName,
      | 'createJoin'
      | 'removeCluster'
      | 'promote'
      | 'approve'
      | 'rollback'
      | 'resume'
      | 'hold'
      | 'freeze'
      | 'thaw'
      | 'acknowledge'
    >
  ]: (
    given: Given<Name> & (Name extends 'removeCluster' | 'thaw' ? { cluster: string } : unknown),
    person: Person,
  ) => Promise<Answer<Name>>;
};

/** Token under which Nest hands out {@link Actions}. */
export const ACTIONS = Symbol('actions');

/** Everything that can be asked for. */
@Controller()
export class WritesController {
  private readonly actions: Actions;

  constructor(@Inject(ACTIONS) actions: Actions) {
    this.actions = actions;
  }

  @Operation('createJoin')
  createJoin(@Input('createJoin') given: Given<'createJoin'>, @Caller() person: Person): Promise<Answer<'createJoin'>> {
    return this.actions.createJoin(given, person);
  }

  @Operation('removeCluster')
  removeCluster(
    @Input('removeCluster') given: { cluster: string },
    @Caller() person: Person,
  ): Promise<Answer<'removeCluster'>> {
    return this.actions.removeCluster(given, person);
  }

  @Operation('promote')
  promote(@Input('promote') given: Given<'promote'>, @Caller() person: Person): Promise<Answer<'promote'>> {
    return this.actions.promote(given, person);
  }

  @Operation('approve')
  approve(@Input('approve') given: Given<'approve'>, @Caller() person: Person): Promise<Answer<'approve'>> {
    return this.actions.approve(given, person);
  }

  @Operation('rollback')
  rollback(@Input('rollback') given: Given<'rollback'>, @Caller() person: Person): Promise<Answer<'rollback'>> {
    return this.actions.rollback(given, person);
  }

  @Operation('resume')
  resume(@Input('resume') given: Given<'resume'>, @Caller() person: Person): Promise<Answer<'resume'>> {
    return this.actions.resume(given, person);
  }

  @Operation('hold')
  hold(@Input('hold') given: Given<'hold'>, @Caller() person: Person): Promise<Answer<'hold'>> {
    return this.actions.hold(given, person);
  }

  @Operation('freeze')
  freeze(@Input('freeze') given: Given<'freeze'>, @Caller() person: Person): Promise<Answer<'freeze'>> {
    return this.actions.freeze(given, person);
  }

  @Operation('thaw')
  thaw(@Input('thaw') given: { cluster: string }, @Caller() person: Person): Promise<Answer<'thaw'>> {
    return this.actions.thaw(given, person);
  }

  @Operation('acknowledge')
  acknowledge(
    @Input('acknowledge') given: Given<'acknowledge'>,
    @Caller() person: Person,
  ): Promise<Answer<'acknowledge'>> {
    return this.actions.acknowledge(given, person);
  }
}
