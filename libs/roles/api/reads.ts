import { Controller, Get, Inject } from '@nestjs/common';
import { applicationId } from '@fairlead/core/model';
import {
  getApplication,
  getCluster,
  getDecisions,
  getFleet,
  listApplications,
  listChanges,
  listClusters,
  listDrift,
  listEnvironments,
  listEvents,
  listPlacements,
  listReleases,
  listRollouts,
  type ApplicationPorts,
  type ChangesPorts,
} from '@fairlead/shell/api';
import { openapi, type Answer } from '@fairlead/wire/rest';
import { Caller, Input, Operation, type Given, type Person } from '@fairlead/roles/http';

/** Token under which Nest hands out what answers are made from. */
export const READ_PORTS = Symbol('read ports');

/** Everything that can be read. Each method is one line of the table; what it answers is made in the shell. */
@Controller()
export class ReadsController {
  private readonly ports: ApplicationPorts & ChangesPorts;

  constructor(@Inject(READ_PORTS) ports: ApplicationPorts & ChangesPorts) {
    this.ports = ports;
  }

  @Operation('getMe')
  getMe(@Caller() { name }: Person): Answer<'getMe'> {
    return { name };
  }

  @Operation('getFleet')
  getFleet(): Promise<Answer<'getFleet'>> {
    return getFleet(this.ports);
  }

  @Operation('listClusters')
  listClusters(@Input('listClusters') query: Given<'listClusters'>): Promise<Answer<'listClusters'>> {
    return listClusters(this.ports, query);
  }

  @Operation('getCluster')
  getCluster(@Input('getCluster') given: { cluster: string }): Promise<Answer<'getCluster'>> {
    return getCluster(this.ports, given.cluster);
  }

  @Operation('listPlacements')
  listPlacements(@Input('listPlacements') query: Given<'listPlacements'>): Promise<Answer<'listPlacements'>> {
    return listPlacements(this.ports, query);
  }

  @Operation('listApplications')
  listApplications(@Input('listApplications') query: Given<'listApplications'>): Promise<Answer<'listApplications'>> {
    return listApplications(this.ports, query);
  }

  @Operation('getApplication')
  getApplication(@Input('getApplication') given: { team: string; name: string }): Promise<Answer<'getApplication'>> {
    return getApplication(this.ports, applicationId(given.team, given.name));
  }

  @Operation('listEnvironments')
  listEnvironments(@Input('listEnvironments') query: Given<'listEnvironments'>): Promise<Answer<'listEnvironments'>> {
    return listEnvironments(this.ports, query);
  }

  @Operation('listRollouts')
  listRollouts(@Input('listRollouts') query: Given<'listRollouts'>): Promise<Answer<'listRollouts'>> {
    return listRollouts(this.ports, query);
  }

  @Operation('getDecisions')
  getDecisions(
    @Input('getDecisions') given: { environment: string; team: string; name: string },
  ): Promise<Answer<'getDecisions'>> {
    return getDecisions(this.ports, given);
  }

  @Operation('listReleases')
  listReleases(@Input('listReleases') query: Given<'listReleases'>): Promise<Answer<'listReleases'>> {
    return listReleases(this.ports, query);
  }

  @Operation('listChanges')
  listChanges(@Input('listChanges') query: Given<'listChanges'>): Promise<Answer<'listChanges'>> {
    return listChanges(this.ports, query);
  }

  @Operation('listDrift')
  listDrift(@Input('listDrift') query: Given<'listDrift'>): Promise<Answer<'listDrift'>> {
    return listDrift(this.ports, query);
  }

  @Operation('listEvents')
  listEvents(@Input('listEvents') query: Given<'listEvents'>): Promise<Answer<'listEvents'>> {
    return listEvents(this.ports, query);
  }

  @Get('/openapi.json')
  document(): object {
    return openapi('0.1.0');
  }
}
