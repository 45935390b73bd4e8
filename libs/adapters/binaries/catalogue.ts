import { type GoModule, pinnedVersions } from './versions.ts';

/** The programs that tests, the demo and benchmarks run beside Fairlead. */
export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kwok'
  | 'kustomize'
  | 'helm'
  | 'nats-server'
  | 'compose-spec';

/** Where a project publishes its build of a program, for one operating system and processor. */
export interface Release {
  /** The program itself, or a `.tar.gz` that holds it. */
  readonly url: string;
  /** A bare SHA-256, or a `sha256sum` list with a line for the file. */
  readonly checksumUrl: string;
  /** Path of the program inside the archive; absent when the download is the program. */
  readonly member?: string;
}

/** One program at its pinned version. */
export interface BinarySpec {
  readonly name: BinaryName;
  /** With a leading `v`. */
  readonly version: string;
  /** Folder under `tools/kube/modules` that pins it; programs of one module are built together. */
  readonly module: GoModule;
  /** Go package of its `main`. */
  readonly goPackage: string;
  /** `-X` assignments that make the program report its version. */
  readonly linkerValues: readonly string[];
  /** Arguments that make it print its version and exit. */
  readonly versionArguments: readonly string[];
  /** Undefined where no build, or none with a checksum, is published for this machine. */
  readonly release?: Release | undefined;
}

interface Platform {
  readonly os: string;
  readonly arch: string;
}

interface Entry {
  readonly module: GoModule;
  readonly goPackage: string;
  readonly linkerValues?: (version: string) => readonly string[];
  readonly versionArguments: readonly string[];
  readonly release?: (version: string, platform: Platform) => Release | undefined;
}

function kubernetesVersionValues(version: string): readonly string[] {
  const [major, minor] = version.slice(1).split('.');
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `${path}.gitVersion=${version}`,
    `${path}.gitMajor=${major}`,
    `${path}.gitMinor=${minor}`,
    `${path}.gitTreeState=clean`,
  ]);
}

function kubernetes(name: string, versionArguments: readonly string[]): Entry {
  return {
    module: 'kubernetes',
    goPackage: `k8s.io/kubernetes/cmd/${name}`,
    linkerValues: kubernetesVersionValues,
    versionArguments,
    release(version, { os, arch }) {
      if (os !== 'linux' && name !== 'kubectl') return undefined; // servers are published for Linux only
      const url = `https://dl.k8s.io/release/${version}/bin/${os}/${arch}/${name}`;
      return { url, checksumUrl: `${url}.sha256` };
    },
  };
}

const entries: Record<BinaryName, Entry> = {
  'kube-apiserver': kubernetes('kube-apiserver', ['--version']),
  'kube-controller-manager': kubernetes('kube-controller-manager', ['--version']),
  'kube-scheduler': kubernetes('kube-scheduler', ['--version']),
  kubectl: kubernetes('kubectl', ['version', '--client']),
  etcd: {
    module: 'etcd',
    goPackage: 'go.etcd.io/etcd/server/v3',
    versionArguments: ['--version'],
    release(version, { os, arch }) {
      if (os !== 'linux') return undefined; // others are zip files
      const base = `https://github.com/etcd-io/etcd/releases/download/${version}`;
      const folder = `etcd-${version}-${os}-${arch}`;
      return { url: `${base}/${folder}.tar.gz`, checksumUrl: `${base}/SHA256SUMS`, member: `${folder}/etcd` };
    },
  },
  // No `release`: kwok publishes programs without a checksum to hold them against.
  kwok: {
    module: 'kwok',
    goPackage: 'sigs.k8s.io/kwok/cmd/kwok',
    linkerValues: (version) => [`sigs.k8s.io/kwok/pkg/consts.Version=${version}`],
    versionArguments: ['--version'],
  },
  kustomize: {
    module: 'kustomize',
    goPackage: 'sigs.k8s.io/kustomize/kustomize/v5',
    linkerValues: (version) => [`sigs.k8s.io/kustomize/api/provenance.version=kustomize/${version}`],
    versionArguments: ['version'],
    release(version, { os, arch }) {
      const base = `https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2F${version}`;
      return {
        url: `${base}/kustomize_${version}_${os}_${arch}.tar.gz`,
        checksumUrl: `${base}/checksums.txt`,
        member: 'kustomize',
      };
    },
  },
  helm: {
    module: 'helm',
    goPackage: 'helm.sh/helm/v4/cmd/helm',
    linkerValues: (version) => [`helm.sh/helm/v4/internal/version.version=${version}`],
    versionArguments: ['version', '--short'],
    release(version, { os, arch }) {
      const url = `https://get.helm.sh/helm-${version}-${os}-${arch}.tar.gz`;
      return { url, checksumUrl: `${url}.sha256sum`, member: `${os}-${arch}/helm` };
    },
  },
  'nats-server': {
    module: 'nats',
    goPackage: 'github.com/nats-io/nats-server/v2',
    versionArguments: ['--version'],
    release(version, { os, arch }) {
      if (os !== 'linux') return undefined; // others are zip files
      const base = `https://github.com/nats-io/nats-server/releases/download/${version}`;
      const folder = `nats-server-${version}-${os}-${arch}`;
      return { url: `${base}/${folder}.tar.gz`, checksumUrl: `${base}/SHA256SUMS`, member: `${folder}/nats-server` };
    },
  },
  // The loader of the Compose Specification itself: judges compose files without a container engine. Never published built.
  'compose-spec': {
    module: 'compose',
    goPackage: 'github.com/compose-spec/compose-go/v2/cmd',
    versionArguments: ['-h'],
  },
};

/** All names, in the order in which they are best built: what tests need first. */
export const binaryNames = Object.keys(entries) as readonly BinaryName[];

function platform(): Platform {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return { os: process.platform, arch };
}

/** What is known of a program. */
export function binarySpec(name: BinaryName): BinarySpec {
  const entry = entries[name];
  const version = pinnedVersions[entry.module];
  return {
    name,
    version,
    module: entry.module,
    goPackage: entry.goPackage,
    linkerValues: entry.linkerValues?.(version) ?? [],
    versionArguments: entry.versionArguments,
    release: entry.release?.(version, platform()),
  };
}

/** True for a name of the catalogue. */
export function isBinaryName(text: string): text is BinaryName {
  return Object.hasOwn(entries, text);
}
