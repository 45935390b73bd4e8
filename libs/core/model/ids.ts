/** A string that was checked to be of one kind and cannot be mixed up with another. */
export type Branded<Name extends string> = string & { readonly __brand: Name };

/** Name of a member cluster: a DNS-1123 label, equal to the identity in its certificate. */
export type ClusterName = Branded<'ClusterName'>;
/** Name of an environment: a DNS-1123 label. */
export type EnvironmentName = Branded<'EnvironmentName'>;
/** `TEAM/NAME` of an application, the only way in which applications are named. */
export type ApplicationId = Branded<'ApplicationId'>;
/** 40 hex digits. */
export type CommitSha = Branded<'CommitSha'>;
/** `sha256:` + 64 hex digits. */
export type Digest = Branded<'Digest'>;

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** True for a DNS-1123 label, the form that every name in the fleet repository has. */
export function isName(text: string): boolean {
  return label.test(text);
}

/** True for `sha256:` followed by 64 hex digits. */
export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Joins team and name; both were checked by the document's schema. */
export function applicationId(team: string, name: string): ApplicationId {
  return `${team}/${name}` as ApplicationId;
}

/** What the id of a verification ends in: no document can have such a name, for it is no DNS label. */
const verificationMark = '.verification';

/** The id under which an application's verification Jobs are given to a cluster. */
export function verificationOf(application: ApplicationId): ApplicationId {
  return `${application}${verificationMark}` as ApplicationId;
}

/** Whether an id is one of {@link verificationOf}. */
export function isVerification(id: ApplicationId): boolean {
  return id.endsWith(verificationMark);
}

/** The application that an id is about: of a verification the one that it verifies, else the id itself. */
export function verifiedBy(id: ApplicationId): ApplicationId {
  return isVerification(id) ? (id.slice(0, -verificationMark.length) as ApplicationId) : id;
}

/** Splits `TEAM/NAME`. */
export function splitApplicationId(id: ApplicationId): { team: string; name: string } {
  const slash = id.indexOf('/');
  return { team: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** Whether a text is `TEAM/NAME` of an application, or of the verification of one. */
export function isApplicationId(text: string): text is ApplicationId {
  const { team, name } = splitApplicationId(verifiedBy(text as ApplicationId));
  return isName(team) && isName(name);
}
