/** A recorded step as its user has it: what it returned, and the ways to run it. */
import type { EagerQueue } from './eager.ts';
import type { Replay } from './replay.ts';
import type { LaunchTime } from './timing.ts';

/** A recorded step. */
export interface Plan<T> {
  /** What the recorded function returned; its tensors hold the values of the last run. */
  readonly outputs: T;
  /** Kernel launches of one run, and their names in order. */
  readonly launches: number;
  readonly labels: string[];
  /** Device memory that the plan owns, in bytes. */
  readonly bytes: number;
  /** Submits the step. Nothing is allocated, compiled or awaited. */
  run(): void;
  /**
   * As run(), but every launch timed on the device; resolves when it is done. The same bits, in more time.
   * @throws LimitError when the adapter has no timestamp queries
   */
  profile(): Promise<LaunchTime[]>;
  dispose(): void;
}

/** @param queue whose launches came before: they are submitted first */
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
