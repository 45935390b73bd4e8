import type { HistoryView, RolloutView, StepView } from '@fairlead/wire/rest';
import { splitApplicationId, type ApplicationId } from '@fairlead/core/model';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../live/keys.ts';
import { actionsOf } from '../model/actions.ts';
import { hashOf } from '../model/place.ts';
import { short } from '../model/words.ts';
import { Actions } from './Actions.tsx';
import { Asked } from './Asked.tsx';
import { Clusters } from './Clusters.tsx';
import { Door } from './Door.tsx';
import { History } from './History.tsx';
import { useHub } from './hub.ts';
import { State } from './State.tsx';
import { Waves } from './Waves.tsx';
import { Why } from './Why.tsx';

/** One application in one environment. */
interface At {
  readonly application: string;
  readonly environment: string;
}

/** How many commits of the ledger are shown. */
const shownCommits = 10;

function useRollout({ application, environment }: At) {
  const { client } = useHub();
  const query = { application, environment };
  const path = splitApplicationId(application as ApplicationId);
  return {
    rollout: useQuery({
      queryKey: keys.rollout(application, environment),
      queryFn: async () => (await client.call('listRollouts', { query })).items[0] ?? null,
    }),
    step: useQuery({
      queryKey: keys.application(application),
      queryFn: () => client.call('getApplication', { path: { ...path } }),
      select: ({ pipeline }) => pipeline.find((step) => step.environment === environment),
    }),
    history: useQuery({
      queryKey: keys.history(application, environment),
      queryFn: async () => (await client.call('listReleases', { query: { ...query, limit: shownCommits } })).items,
    }),
  };
}

/** A rollout: what spreads or stands and why, who has it, and what may come next. */
export function Rollout({ application, environment }: At) {
  const { rollout, step, history } = useRollout({ application, environment });
  return (
    <>
      <title>{`${application} in ${environment} · Fairlead`}</title>
      <nav aria-label="Where you are">
        <a href={hashOf({ kind: 'Board' })}>All applications</a>
      </nav>
      <Asked answer={rollout}>
        {(found) =>
          found === null ? (
            <p className="faint">
              No pipeline of the fleet repository leads {application} into {environment}.
            </p>
          ) : (
            <Parts rollout={found} step={step.data} history={history.data ?? []} />
          )
        }
      </Asked>
    </>
  );
}

interface PartsOf {
  readonly rollout: RolloutView;
  readonly step: StepView | undefined;
  readonly history: readonly HistoryView[];
}

function Parts({ rollout, step, history }: PartsOf) {
  const { application, environment, waves, clusters, version } = rollout;
  const actions = actionsOf({ rollout, step });
  return (
    <>
      <div className="title">
        <h1>
          {application} <span className="faint">in</span> {environment}
        </h1>
        <Actions key={`${application} ${environment}`} actions={actions} at={{ application, environment, version }} />
      </div>
      <Now rollout={rollout} step={step} />
      <Door rollout={rollout} />
      {waves.length > 0 && <Waves waves={waves} />}
      {clusters.length > 0 && <Clusters clusters={clusters} />}
      {history.length > 0 && <History lines={history} />}
    </>
  );
}

function Now({ rollout, step }: Pick<PartsOf, 'rollout' | 'step'>) {
  const { version, release, state, entered } = rollout;
  return (
    <section aria-label="Now">
      <p className="headline">
        <span className="version">{version ?? 'Nothing yet'}</span>
        {release && <code title={release}>{short(release)}</code>}
        <State word={state} />
        {step && (
          <span className="faint">
            {step.inSync} of {step.clusters} in sync, {step.healthy} healthy
          </span>
        )}
      </p>
      <Why {...rollout} />
      {step?.hold && (
        <p>
          <State word="On hold" tone="busy" /> {step.hold.by}: {step.hold.reason}
        </p>
      )}
      {entered !== undefined && (
        <p className="faint">
          Entered with <span className="entered">{entered}</span>
        </p>
      )}
    </section>
  );
}
