export { memoryAuthority } from './fake.ts';
export type { Authority, FreshToken, HeadSigner, IssuedCertificate } from './port.ts';
