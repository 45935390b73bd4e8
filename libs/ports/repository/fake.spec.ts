import { repositoryContract } from '@fairlead/ports/contracts/repository';
import { memoryRepository } from './fake.ts';

repositoryContract('in memory', { open: async () => ({ ...memoryRepository(), close: async () => undefined }) });
