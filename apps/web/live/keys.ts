/** Under which keys answers are kept: what is about one application begins with its name, so that an event finds all of it. */
export const keys = {
  fleet: ['fleet'],
  applications: ['applications'],
  about: (application: string) => ['about', application],
  application: (application: string) => ['about', application, 'application'],
  rollout: (application: string, environment: string) => ['about', application, 'rollout', environment],
  history: (application: string, environment: string) => ['about', application, 'history', environment],
} as const;
