export { clusterApiContract, type ClusterFixture } from './contract.ts';
