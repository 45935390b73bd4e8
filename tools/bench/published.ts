import type { Figure } from './figure.ts';

/**
 * Seconds that KubeFleet publishes: p50 of a fan-out to 100 clusters, p90 of three stages over 100, and a restart of its hub
 * with 1,000.
 */
const kubeFleet: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  fanout: { 100: 18 },
  rollout: { 100: 96 },
  restart: { 1_000: 600 },
};

/** The figure of others, where there is one for as many clusters. */
export function published(name: 'fanout' | 'rollout' | 'restart', clusters: number): Pick<Figure, 'peer'> {
  const value = kubeFleet[name]?.[clusters];
  return value === undefined ? {} : { peer: { name: 'KubeFleet (published)', value } };
}
