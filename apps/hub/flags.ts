import { parseArgs } from 'node:util';
import type { HubOptions } from '@fairlead/roles/embedded';

/** What the hub takes on its command line; `fairlead up` and the charts fill it in. */
export const usage = `fairlead-hub --fleet URL --data DIR [options]

  --fleet URL               the fleet repository (http or https)
  --branch NAME             its branch (default: main)
  --data DIR                folder for keys, store and copies of repositories; made with mode 0700
  --listen HOST:PORT        HTTPS: status API, enrolment, webhooks (default: 127.0.0.1:8443; port 0 takes a free one)
  --grpc HOST:PORT          agents' streams over mutual TLS (default: 127.0.0.1:8444)
  --name HOST               a name or address under which agents and people reach the hub; may be repeated, and the
                            first one is what join manifests and profiles say
  --poll-ms MS              pause between two cheap checks of a repository (default: 5000)
  --username NAME           for the fleet repository (default: git)
  --password-file FILE      read at each use, never stored
  --git-ca FILE             an authority that git servers' certificates may be signed by
  --kustomize VERSION=PATH  a kustomize binary; may be repeated
  --helm VERSION=PATH       a helm binary; may be repeated
`;

/** Reads the command line. Throws an `Error` whose message names the flag. */
export function readFlags(args: readonly string[]): HubOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      fleet: { type: 'string' },
      branch: { type: 'string', default: 'main' },
      data: { type: 'string' },
      listen: { type: 'string', default: '127.0.0.1:8443' },
      grpc: { type: 'string', default: '127.0.0.1:8444' },
      name: { type: 'string', multiple: true, default: [] },
      'poll-ms': { type: 'string', default: '5000' },
      username: { type: 'string', default: 'git' },
      'password-file': { type: 'string' },
      'git-ca': { type: 'string' },
      kustomize: { type: 'string', multiple: true, default: [] },
      helm: { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.fleet === undefined || values.data === undefined) throw new Error('--fleet and --data are needed');
  const passwordFile = values['password-file'];
  const gitCa = values['git-ca'];
  return {
    fleetUrl: values.fleet,
    branch: values.branch,
    dataFolder: values.data,
    listen: address('--listen', values.listen),
    grpc: address('--grpc', values.grpc),
    names: values.name,
    pollMs: wholeNumber('--poll-ms', values['poll-ms']),
    username: values.username,
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(gitCa === undefined ? {} : { gitCaFile: gitCa }),
    kustomize: values.kustomize.map((one) => tool('--kustomize', one)),
    helm: values.helm.map((one) => tool('--helm', one)),
  };
}

function address(flag: string, text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${flag} is ${text}: write HOST:PORT`);
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 100)
    throw new Error(`${flag} is ${text}: write a whole number of at least 100`);
  return value;
}

function tool(flag: string, text: string): { version: string; path: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`${flag} is ${text}: write VERSION=PATH`);
  return { version: text.slice(0, at).replace(/^v/, ''), path: text.slice(at + 1) };
}
