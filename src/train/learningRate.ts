/** The learning rate of each step (docs/methods.md 4). */
import { cosineSchedule } from '../../runtime/index.ts';
import type { RunConfig } from '../config/config.ts';
import { parseMilestones } from '../config/milestones.ts';

type Values = Pick<RunConfig, 'lr' | 'epochs' | 'milestones' | 'lrWarmup' | 'lrPerStep'>;

/** The factor at each milestone. */
const DECAY = 0.1;
/** The warm-up starts at this share of the rate. */
const WARMUP_START = 0.1;

/**
 * A function from the epoch and the step within it, both from 0, to the learning rate. It decays by a cosine over the epochs,
 * or at the milestones. A warm-up rises linearly per step, and the cosine after it is per step, too, as in CSI; it is also with
 * `lrPerStep`.
 */
export function learningRates(values: Values, stepsPerEpoch: number): (epoch: number, step: number) => number {
  const { lr, epochs, milestones, lrWarmup, lrPerStep } = values;
  const warmupSteps = lrWarmup * stepsPerEpoch;
  const perStep =
    (lrPerStep || lrWarmup > 0) && milestones === null ? cosineSchedule(epochs * stepsPerEpoch, lr) : null;
  const perEpoch =
    milestones === null ? cosineSchedule(epochs, lr) : decayed(epochs, lr, parseMilestones(milestones, epochs));
  return (epoch, step) => {
    const at = epoch * stepsPerEpoch + step;
    if (at < warmupSteps) return lr * (WARMUP_START + (1 - WARMUP_START) * (at / warmupSteps));
    return perStep ? perStep[at - warmupSteps] : perEpoch[epoch];
  };
}

function decayed(epochs: number, lr: number, milestones: readonly number[]): number[] {
  const rates: number[] = [];
  for (let epoch = 0, rate = lr; epoch < epochs; epoch++) {
    if (milestones.includes(epoch)) rate *= DECAY;
    rates.push(rate);
  }
  return rates;
}
