import { forgeContract } from '@fairlead/ports/contracts/forge';
import { memoryForge } from './index.ts';

forgeContract('in memory', { open: async () => ({ ...memoryForge(), close: async () => undefined }) });
