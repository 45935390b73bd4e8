export { startGithub, type GithubPullRequest, type GithubServer, type GithubServerOptions } from './github.ts';
