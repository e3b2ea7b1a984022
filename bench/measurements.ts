/** The report of a run: one measurement per workload and contestant, and where it was measured. */
import type { Quartiles } from './statistics.ts';

export const SUITES = ['step', 'kernels', 'memory', 'startup'] as const;
export type Suite = (typeof SUITES)[number];

export interface Measurement {
  suite: Suite;
  workload: string;
  /** `oecl`, or a peer with its version. */
  contestant: string;
  /** Null if it failed, or if it is not time that was measured. */
  milliseconds: Quartiles | null;
  /** Floating-point operations of one iteration. */
  flops?: number;
  /** Bytes that one iteration has to read and write: each operand once. */
  bytes?: number;
  /** Why there is no time. */
  failure?: string;
  /** Further numbers by name, for the JSON file. */
  more?: Readonly<Record<string, number>>;
}

export interface Surroundings {
  adapter: { kind: string; vendor: string; architecture: string; device: string; description: string };
  /** Package or program -> version. */
  versions: Readonly<Record<string, string>>;
  cpus: number;
  /** Load average over one minute, before and after. */
  loadBefore: number;
  loadAfter: number;
  /** Peers waited for the device as oecl does: --resting-peers. */
  arePeersResting: boolean;
}

export interface BenchReport {
  surroundings: Surroundings;
  measurements: Measurement[];
}

/** Receives measurements as they are made. */
export interface Sink {
  add(measurement: Measurement): void;
  /** A line between measurements. */
  note(text: string): void;
  /** Current activity; erased by the next line. */
  progress(text: string): void;
}

export interface Change {
  suite: Suite;
  workload: string;
  contestant: string;
  before: number;
  now: number;
}

/** Medians, or memory, of the workloads in both reports, for ours and peers. */
export function changesBetween(before: BenchReport, now: BenchReport): Change[] {
  const keyOf = ({ suite, workload, contestant }: Measurement) => `${suite}|${workload}|${contestant}`;
  const earlier = new Map(before.measurements.map((measurement) => [keyOf(measurement), measurement]));
  return now.measurements.flatMap((measurement) => {
    const [before, after] = [sizeOf(earlier.get(keyOf(measurement))), sizeOf(measurement)];
    if (before === null || after === null) return [];
    const { suite, workload, contestant } = measurement;
    return [{ suite, workload, contestant, before, now: after }];
  });
}

/** The value of a measurement: milliseconds, or MiB of memory. Null if there is none. */
function sizeOf(measurement: Measurement | undefined): number | null {
  if (measurement?.milliseconds) return measurement.milliseconds.median;
  const { liveBytes, pooledBytes = 0 } = measurement?.more ?? {};
  return liveBytes === undefined ? null : (liveBytes + pooledBytes) / 2 ** 20;
}
