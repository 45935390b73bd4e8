import { checksContract } from '@fairlead/ports/contracts/checks';
import { memoryChecks } from './fake.ts';

checksContract('in memory', { open: async () => ({ ...memoryChecks(), close: async () => undefined }) });
