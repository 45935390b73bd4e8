import { sourceContract } from '@fairlead/ports/contracts/source';
import { memorySource } from './fake.ts';

sourceContract('in memory', { open: async () => ({ ...memorySource(), close: async () => undefined }) });
