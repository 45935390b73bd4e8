export { memoryAuthority } from './fake.ts';
export type { Authority, FreshToken, HeadSigner, IssuedCertificate, VerifyingKey } from './port.ts';
