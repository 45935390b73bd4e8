import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadAll } from 'js-yaml';
import { ensureBinary } from '@fairlead/adapters/binaries';
import type { KubeObject } from '@fairlead/core/model';

/** The charts of this repository. */
export type ChartName = 'fairlead' | 'fairlead-agent';

/** Values as a user would write them into a file. */
export type Values = Readonly<Record<string, unknown>>;

/** What is rendered, and under which names. */
export interface Rendering {
  readonly chart: ChartName;
  readonly values: Values;
  /** Helm's name for the installation. */
  readonly release?: string;
  readonly namespace?: string;
}

const timeoutMs = 60_000;

/** The folder of a chart. */
export function chartFolder(chart: ChartName): string {
  return join(import.meta.dirname, '../../../deploy/charts', chart);
}

/** What `helm template` makes of a chart, as it would be sent. Throws an `Error` with helm's own words where it refuses. */
export function renderYaml({
  chart,
  values,
  release = 'fairlead',
  namespace = 'fairlead-system',
}: Rendering): Promise<string> {
  return helm(['template', release, chartFolder(chart), '--namespace', namespace], values);
}

/** The objects of {@link renderYaml}. */
export async function renderChart(rendering: Rendering): Promise<KubeObject[]> {
  return objectsIn(await renderYaml(rendering));
}

/** The objects of a file of YAML documents. */
export function objectsIn(yaml: string): KubeObject[] {
  return loadAll(yaml).filter((document) => document !== null && document !== undefined) as KubeObject[];
}

/** What `helm lint --strict` says. Throws where it finds something. */
export function lintChart(chart: ChartName, values: Values): Promise<string> {
  return helm(['lint', '--strict', chartFolder(chart)], values);
}

/** Installs a chart, or upgrades it, on a real API server, with the objects that are there becoming its own. */
export function installChart(
  kubeconfigPath: string,
  { chart, values, release = 'fairlead', namespace = 'fairlead-system' }: Rendering,
): Promise<string> {
  const where = ['--kubeconfig', kubeconfigPath, '--namespace', namespace];
  return helm(['upgrade', '--install', '--take-ownership', release, chartFolder(chart), ...where], values);
}

async function helm(args: readonly string[], values: Values): Promise<string> {
  const program = await ensureBinary('helm');
  const home = join(tmpdir(), 'fairlead-helm');
  const child = spawn(program, [...args, '--values', '-'], {
    // Nothing of the user's own configuration, repositories or plug-ins has a say.
    env: { HOME: home, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
    timeout: timeoutMs,
  });
  child.stdin.end(JSON.stringify(values));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, out, said] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`helm ${args[0]} ended with ${code}: ${said}${out}`);
  return out;
}
