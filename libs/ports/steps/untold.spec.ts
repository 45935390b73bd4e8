import { stepsContract } from '@fairlead/ports/contracts/steps';
import { untold } from './index.ts';

stepsContract('told to nobody', untold);
