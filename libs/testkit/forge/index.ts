export {
  startGithub,
  type CommitWord,
  type GithubPullRequest,
  type GithubServer,
  type GithubServerOptions,
} from './github.ts';
