export { personBy } from './people.ts';
export { AUTHENTICATE, Open, TokenGuard, type Authenticate, type Person } from './guard.ts';
export { LOG, type Log } from './log.ts';
export { Input, Operation, type Given } from './operation.ts';
export { Caller } from './person.ts';
export { createHttp, type HttpOptions } from './server.ts';
export { problemOf, ProblemFilter } from './problem.ts';
export { hostPort, listenHttps, type Listening, type ListenOptions } from './listen.ts';
