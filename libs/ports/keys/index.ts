export { memoryAuthority } from './fake.ts';
export type { Authority, FreshToken, HeadSigner, IssuedCertificate } from './port.ts';
export { memoryNatsAuthority, type NatsAuthority, type NatsRevoker, type RevokedUser } from './nats.ts';
