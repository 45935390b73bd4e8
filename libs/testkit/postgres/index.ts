export { findPostgres, oldestPostgres, requirePostgres, type PostgresPrograms } from './find.ts';
export {
  startPostgres,
  type DataCopy,
  type PostgresAccess,
  type PostgresOptions,
  type PostgresServer,
} from './server.ts';
