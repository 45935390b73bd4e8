import type { Digest } from './ids.ts';
import type { ObjectKey } from './objects.ts';
import type { ApplicationStatus, DesiredEntry, DriftItem, Position, SignedHead, Tombstone } from './states.ts';

/** Carried by every message, so that one commit can be followed to the last cluster (W3C trace context). */
export interface Traced {
  readonly traceparent?: string;
}

/** What an agent sends. `session` is 0 until the hub's `Settings` named one; messages of an older session are dropped. */
export type AgentMessage = Traced &
  (
    | {
        readonly type: 'Hello';
        readonly agentVersion: string;
        readonly kubernetesVersion: string;
        readonly capabilities: readonly string[];
        /** The newest position that the agent accepted; undefined on an empty cluster. */
        readonly position?: Position;
        /** Root of the desired state that it accepted. */
        readonly root?: Digest;
        /** The head of that position as the planner signed it: an agent's bare word never raises the epoch. */
        readonly head?: SignedHead;
        readonly statusDigest: Digest;
      }
    | { readonly type: 'Want'; readonly digests: readonly Digest[] }
    | {
        readonly type: 'StatusDelta';
        readonly session: number;
        /** Counts from 1 in a session; a gap is answered with NeedStatus. */
        readonly sequence: number;
        /** The whole status, not a part of it. */
        readonly full: boolean;
        readonly changed: readonly ApplicationStatus[];
        readonly removed: readonly string[];
        /** Digest of the whole status after this delta. */
        readonly statusDigest: Digest;
      }
    | { readonly type: 'DriftReport'; readonly session: number; readonly items: readonly DriftItem[] }
    | { readonly type: 'Ack'; readonly session: number; readonly position: Position; readonly root: Digest }
    | { readonly type: 'PlanResult'; readonly id: string; readonly resultJson: string; readonly error?: string }
    | { readonly type: 'QueryResult'; readonly id: string; readonly resultJson: string; readonly error?: string }
    | { readonly type: 'Heartbeat'; readonly session: number; readonly statusDigest: Digest }
    /** Of a later version: nothing is known of it here, and nothing is done about it. Never sent. */
    | { readonly type: 'Unknown' }
  );

/** A part of a bundle index or an object. Parts of one digest come in order. */
export interface BlobPart {
  readonly digest: Digest;
  readonly part: number;
  readonly parts: number;
  readonly data: Uint8Array;
}

/** What the hub sends. */
export type HubMessage = Traced &
  (
    | {
        readonly type: 'Settings';
        readonly session: number;
        readonly heartbeatMs: number;
        /** Digest of the whole status as the hub has it; equal to the agent's: nothing need be sent. */
        readonly statusDigest?: Digest;
      }
    | {
        readonly type: 'Desired';
        readonly head: SignedHead;
        /** Entries and tombstones that changed after this position; undefined: all of them are here. */
        readonly since?: Position;
        readonly entries: readonly DesiredEntry[];
        readonly tombstones: readonly Tombstone[];
        /** Applications that are neither entries nor tombstones any more. */
        readonly removed: readonly string[];
      }
    | { readonly type: 'Objects'; readonly blobs: readonly BlobPart[]; readonly missing: readonly Digest[] }
    | { readonly type: 'NeedStatus' }
    /** Of a later version: nothing is known of it here, and nothing is done about it. Never sent. */
    | { readonly type: 'Unknown' }
    | { readonly type: 'PlanRequest'; readonly id: string; readonly application: string; readonly bundle: Digest }
    | {
        readonly type: 'Query';
        readonly id: string;
        readonly kind: 'Tree' | 'Object' | 'Diff' | 'Events';
        readonly application: string;
        readonly key?: ObjectKey;
      }
  );

/** One variant of a message union. */
export type MessageOf<Message extends { type: string }, Type extends Message['type']> = Extract<
  Message,
  { type: Type }
>;
