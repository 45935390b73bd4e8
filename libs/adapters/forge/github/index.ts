export { githubForge, type GithubOptions } from './github.ts';
