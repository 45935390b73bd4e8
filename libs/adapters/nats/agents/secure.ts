import { constants, X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { FairleadError, hubServerName } from '@fairlead/core/model';
import { identityOf, type Identity, type TlsIdentity } from '@fairlead/ports/transport';

/** What the gateway speaks TLS with. */
export interface ServerSecrets {
  readonly context: SecureContext;
  /** The authorities of the agents' certificates. */
  readonly authorities: readonly X509Certificate[];
}

const minVersion = 'TLSv1.3';
const clientPurpose = '1.3.6.1.5.5.7.3.2';

/** What new streams are served with. */
export function serverSecrets(caPem: string, { keyPem, certificatePem }: TlsIdentity): ServerSecrets {
  return {
    // Nobody resumes a session here: tickets, which hold the agent's certificate, would be bytes for nothing.
    context: createSecureContext({
      ca: caPem,
      key: keyPem,
      cert: certificatePem,
      minVersion,
      secureOptions: constants.SSL_OP_NO_TICKET,
    }),
    authorities: certificatesIn(caPem),
  };
}

/** TLS 1.3 as the server, over any byte stream. Resolves once the agent has proven that it holds its key. */
export async function secureServer(pipe: Duplex, { context }: ServerSecrets): Promise<TLSSocket> {
  const socket = new TLSSocket(pipe, {
    isServer: true,
    secureContext: context,
    requestCert: true,
    rejectUnauthorized: true,
  });
  return settled(socket, 'secure');
}

/**
 * Who is at the other end. A socket that no TLS server made judges no chain by itself, so it is done here: the
 * certificate is signed by our authority, for clients, and in force. Throws Unauthenticated.
 */
export function peerOf(
  socket: TLSSocket,
  { authorities, nowMs }: { readonly authorities: readonly X509Certificate[]; readonly nowMs: number },
): Identity {
  const certificate = socket.getPeerX509Certificate();
  const isOurs =
    certificate !== undefined &&
    authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey)) &&
    certificate.keyUsage?.includes(clientPurpose);
  if (isOurs) return identityOf(certificate, nowMs);
  throw new FairleadError(
    'Cannot take the stream: its certificate is not of this hub. Renew the certificate, or enrol the cluster again.',
    { code: 'Unauthenticated', reason: 'CredentialsMissing' },
  );
}

/** TLS 1.3 as the agent: the hub's authority is the only one that is trusted, and its name is checked. */
export async function secureClient(
  pipe: Duplex,
  { caPem, identity }: { readonly caPem: string; readonly identity: TlsIdentity },
): Promise<TLSSocket> {
  const secureContext = createSecureContext({
    ca: caPem,
    key: identity.keyPem,
    cert: identity.certificatePem,
    minVersion,
  });
  return settled(connect({ socket: pipe, secureContext, servername: hubServerName }), 'secureConnect');
}

function settled(socket: TLSSocket, event: 'secure' | 'secureConnect'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // It stays: a socket that fails later says so by its end, and Node throws an error that nobody hears.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the stream was ended before it was secure')));
    socket.once(event, () => resolve(socket));
  });
}

function certificatesIn(pem: string): X509Certificate[] {
  const texts = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return texts.map((text) => new X509Certificate(text));
}
