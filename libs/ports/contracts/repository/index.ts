export { repositoryContract, type OpenedRepository, type RepositoryHarness } from './suite.ts';
