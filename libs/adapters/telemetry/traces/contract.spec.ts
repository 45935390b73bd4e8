import { stepsContract } from '@fairlead/ports/contracts/steps';
import { startRecording } from '@fairlead/testkit/otlp';
import { afterAll, beforeAll, describe } from 'vitest';
import { tracedSteps } from '../index.ts';

describe('without telemetry', () => {
  stepsContract('told to nobody', tracedSteps);
});

describe('with telemetry', () => {
  let stop: () => void;
  beforeAll(() => {
    stop = startRecording().stop;
  });
  afterAll(() => stop());
  stepsContract('told as traces', tracedSteps);
});
