import type { ApplicationId, DriftItem, ObjectKey, Reason } from '@fairlead/core/model';
import type { InventoryEntry } from '@fairlead/core/prune';

/** What loops settle among each other. */
export interface Company {
  /** Notes that the application has the object; the other application that has it already, if there is one. */
  claim(text: string, by: { application: ApplicationId; shared: boolean }): ApplicationId | undefined;
  unclaim(text: string, application: ApplicationId): void;
  /** Resolves with true once the others of the team know what they want under this position; false if that takes too long. */
  othersResolved(application: ApplicationId): Promise<boolean>;
  /** The application of the same team that wants the object too. */
  heirOf(text: string, from: ApplicationId): ApplicationId | undefined;
  /** Gives an heir what is known of the object. */
  handIn(entry: InventoryEntry, to: ApplicationId): void;
  /** True if another application has the Namespace too. */
  isShared(text: string, application: ApplicationId): boolean;
  /** Tells those who share the Namespace that it was made here. */
  bequeath(text: string, from: ApplicationId): void;
  /** The API server may know kinds that it did not know. */
  kindsChanged(): void;
  /** The application wants a kind that the API server does not know, or does not any more. */
  lacksKinds(application: ApplicationId, lacks: boolean): void;
  drifted(item: DriftItem): void;
  /** An object was refused, for whoever looks from inside the cluster. */
  failed(application: ApplicationId, problem: { key: ObjectKey; reason: Reason; message: string }): void;
  /** Nothing of the application is left. */
  finished(application: ApplicationId): void;
}
