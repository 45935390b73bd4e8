import {
  applicationId,
  matchesWord,
  sourcesOf,
  urlOf,
  type Application,
  type FairleadError,
  type Source,
  type Team,
} from '@fairlead/core/model';
import { problemAt, type DocumentPlace } from '../schema/check.ts';
import { didYouMean } from '../schema/suggest.ts';
import type { Path } from '../yaml/locate.ts';
import { findInGates, type Finding } from './gates.ts';
import type { Names } from './names.ts';
import { findCycle, predecessors } from './pipeline.ts';

function unknownEnvironment(name: string, path: Path, names: Names): Finding[] {
  if (names.environments.has(name)) return [];
  const near = didYouMean(name, names.environments);
  return [
    {
      path,
      reason: 'UnknownReference',
      text: `names the environment \`${name}\`, which no document defines${near || '.'} Add an Environment document, or correct the name.`,
    },
  ];
}

function ofTeam({ spec }: Application, names: Names): Finding[] {
  const path = ['spec', 'team'];
  const reason = 'TeamUnknown';
  if (names.teams.has(spec.team)) {
    if (names.teams.get(spec.team) !== undefined) return [];
    const text = `names the team \`${spec.team}\`, whose document cannot be used, so what it allows is not known. Correct that document first.`;
    return [{ path, reason, text }];
  }
  if (spec.team === 'default') return [];
  const near = didYouMean(spec.team, names.teams.keys());
  const text = `names the team \`${spec.team}\`, which has no Team document${near || '.'} Add one, or leave the field out for the team \`default\`.`;
  return [{ path, reason, text }];
}

/** Environments of the pipeline and the overrides, and what waits for what. */
function ofEnvironments({ spec }: Application, names: Names): Finding[] {
  const inPipeline = new Set(spec.pipeline.map(({ environment }) => environment));
  const entries = spec.pipeline.flatMap((entry, at): Finding[] => {
    const path = ['spec', 'pipeline', at];
    const first = spec.pipeline.findIndex(({ environment }) => environment === entry.environment);
    if (first !== at)
      return [
        {
          path: [...path, 'environment'],
          reason: 'InvalidDocument',
          text: `names \`${entry.environment}\` a second time. An environment stands in a pipeline once; remove one entry.`,
        },
      ];
    const strangers = predecessors(entry).filter((name) => !inPipeline.has(name));
    return [
      ...unknownEnvironment(entry.environment, [...path, 'environment'], names),
      ...strangers.map((name): Finding => ({
        path: [...path, 'after'],
        reason: 'UnknownReference',
        text: `names \`${name}\`, which is no entry of this pipeline${didYouMean(name, inPipeline) || '.'} Correct the name, or add the entry.`,
      })),
    ];
  });
  const overrides = spec.overrides.flatMap(({ environment }, at) =>
    environment === undefined ? [] : unknownEnvironment(environment, ['spec', 'overrides', at, 'environment'], names),
  );
  const cycle = findCycle(spec.pipeline);
  if (cycle === undefined) return [...entries, ...overrides];
  return [
    ...entries,
    ...overrides,
    {
      path: ['spec', 'pipeline'],
      reason: 'PipelineCycle',
      text: `goes in a circle: ${cycle.join(' waits for ')}. Take one \`after\` away.`,
    },
  ];
}

function ofGates(application: Application, names: Names): Finding[] {
  const { spec } = application;
  const sources = sourcesOf(application);
  const { approvers = [] } = names.teams.get(spec.team)?.spec ?? {};
  return spec.pipeline.flatMap((entry, at) => {
    const path = ['spec', 'pipeline', at, 'gates'];
    const { gates, environment } = entry;
    return findInGates(gates, { path, environment, names, approvers, sources, after: predecessors(entry) });
  });
}

/** Dots and slashes, plain or encoded, that could lead a server out of the folder that a pattern allows. */
const climbs = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)|%(?:2e|2f|5c)|\\/i;

function allowsSource(team: Team, source: Source): boolean {
  const { sources } = team.spec;
  const address = urlOf(source);
  return (
    sources.length === 0 ||
    (!climbs.test(address.replace(/^[a-z+]+:\/\//i, '')) && sources.some((pattern) => matchesWord(pattern, address)))
  );
}

function ofTeamBounds(application: Application, names: Names): Finding[] {
  const team = names.teams.get(application.spec.team);
  if (team === undefined) return [];
  const forbidden = Object.entries(sourcesOf(application)).filter(([, source]) => !allowsSource(team, source));
  const sources = forbidden.map(([name, source]): Finding => ({
    path: application.spec.sources === undefined ? ['spec', 'source'] : ['spec', 'sources', name],
    reason: 'TeamForbids',
    text: `is ${urlOf(source)}, which the team ${team.metadata.name} may not use. Its sources are ${team.spec.sources.join(', ')}; add the address to the Team document, or take another one.`,
  }));
  const { environments } = team.spec;
  const entries = application.spec.pipeline.flatMap(({ environment }, at): Finding[] =>
    environments.length === 0 || environments.includes(environment)
      ? []
      : [
          {
            path: ['spec', 'pipeline', at, 'environment'],
            reason: 'TeamForbids',
            text: `is ${environment}, which the team ${team.metadata.name} may not use. Its environments are ${environments.join(', ')}; add this one to the Team document, or remove the entry.`,
          },
        ],
  );
  return [...sources, ...entries];
}

function ofSources({ spec }: Application): Finding[] {
  if (spec.sources === undefined || Object.hasOwn(spec.sources, 'main')) return [];
  return [
    {
      path: ['spec', 'sources'],
      reason: 'InvalidDocument',
      text: `has no \`main\`, the source that the render starts from: current names are ${Object.keys(spec.sources).join(', ') || 'none'}. Call one of them \`main\`.`,
    },
  ];
}

/** What an application refers to that is not there, or that its team may not use; the pipeline has its defaults filled. */
export function checkReferences(
  application: Application,
  { place, names }: { place: DocumentPlace; names: Names },
): FairleadError[] {
  const id = applicationId(application.spec.team, application.metadata.name);
  const findings = [
    ...ofTeam(application, names),
    ...ofSources(application),
    ...ofEnvironments(application, names),
    ...ofGates(application, names),
    ...ofTeamBounds(application, names),
  ];
  return findings.map((finding) =>
    problemAt(place, { what: `Application ${id}`, subject: { application: id }, ...finding }),
  );
}
