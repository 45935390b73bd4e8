import { storeContract } from '@fairlead/ports/contracts/store';
import { memoryStore } from './fake.ts';

storeContract('in memory', { open: async (options) => memoryStore(options) });
