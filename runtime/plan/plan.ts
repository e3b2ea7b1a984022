/** The user's handle to a recorded step: its outputs, and ways to run it. */
import type { EagerQueue } from './eager.ts';
import type { Replay } from './replay.ts';
import type { LaunchTime } from './timing.ts';

/** A recorded step. */
export interface Plan<T> {
  /** What the recorded function returned. Its tensors hold the values of the last run. */
  readonly outputs: T;
  /** Kernel launches per run, and their names in order. */
  readonly launches: number;
  readonly labels: string[];
  /** Device memory that the plan owns, in bytes. */
  readonly bytes: number;
  /** Submits the step. Nothing is allocated, compiled or awaited. */
  run(): void;
  /**
   * As run(), but times every launch on the device, which takes longer. Gives the same bits.
   * @throws LimitError if the adapter has no timestamp queries
   */
  profile(): Promise<LaunchTime[]>;
  dispose(): void;
}

/** @param queue the eager queue, whose pending launches are submitted first */
export function planOf<T>(replay: Replay, outputs: T, queue: EagerQueue): Plan<T> {
  return {
    outputs,
    launches: replay.launches,
    labels: replay.labels,
    bytes: replay.bytes,
    run() {
      queue.flush();
      replay.run();
    },
    profile() {
      queue.flush();
      return replay.profile();
    },
    dispose: () => replay.dispose(),
  };
}
