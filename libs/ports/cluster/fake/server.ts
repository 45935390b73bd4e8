import type { KubeObject, ObjectKey } from '@fairlead/core/model';
import type { Identity } from '../port.ts';
import type { State } from './state.ts';

/** A call that reached the fake server. */
export interface FakeCall {
  readonly verb: 'apply' | 'get' | 'list' | 'create' | 'replace' | 'patch' | 'delete' | 'watch';
  readonly key: ObjectKey;
  readonly identity: Identity;
  readonly dryRun: boolean;
}

/** How the fake server is set up. */
export interface FakeClusterOptions {
  /** Milliseconds since 1970; the machine's time if unset. */
  readonly now?: () => number;
  /** `v1.36.0` if unset. */
  readonly version?: string;
  /** Whether the call is allowed; everything is, if unset. A refusal is a 403 in the server's words. */
  readonly mayDo?: (call: FakeCall) => boolean;
  /** Defaulting and mutating admission: changes what is written, before it is stored. */
  readonly admit?: (object: KubeObject) => KubeObject;
  /** Whether a new CRD is established at once; true if unset. Else a test does it by `edit`. */
  readonly establishCrds?: boolean;
}

/** What reading and writing work with. */
export interface Server {
  readonly state: State;
  readonly options: FakeClusterOptions;
  time(): string;
  /** Notes the call and refuses it where the test or the rights say so. */
  enter(call: FakeCall): Promise<void>;
}
