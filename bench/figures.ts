/** What a run of the bench leaves: one figure a workload and contestant, and where it was measured. */
import type { Quartiles } from './statistics.ts';

export const SUITES = ['step', 'kernels', 'memory', 'startup'] as const;
export type Suite = (typeof SUITES)[number];

export interface Figure {
  suite: Suite;
  workload: string;
  /** Who: `oecl`, or a peer with its version. */
  contestant: string;
  /** Null when it failed, or when time is not what was measured. */
  milliseconds: Quartiles | null;
  /** Floating-point operations of one iteration. */
  flops?: number;
  /** Bytes that one iteration cannot help to read and write: each operand once. */
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
  /** Processes that wanted to run, a minute's mean, before and after. */
  loadBefore: number;
  loadAfter: number;
  /** Peers waited for the device as oecl does: --resting-peers. */
  arePeersResting: boolean;
}

export interface BenchReport {
  surroundings: Surroundings;
  figures: Figure[];
}

/** What measures use: figures come out as they are made. */
export interface Sink {
  add(figure: Figure): void;
  /** A line between the figures. */
  note(text: string): void;
  /** What is being waited for; gone with the next line. */
  progress(text: string): void;
}

export interface Change {
  suite: Suite;
  workload: string;
  contestant: string;
  before: number;
  now: number;
}

/** Medians, or memory, of the workloads that both reports hold, ours and peers'. */
export function changesBetween(before: BenchReport, now: BenchReport): Change[] {
  const keyOf = ({ suite, workload, contestant }: Figure) => `${suite}|${workload}|${contestant}`;
  const earlier = new Map(before.figures.map((figure) => [keyOf(figure), figure]));
  return now.figures.flatMap((figure) => {
    const [before, after] = [sizeOf(earlier.get(keyOf(figure))), sizeOf(figure)];
    if (before === null || after === null) return [];
    const { suite, workload, contestant } = figure;
    return [{ suite, workload, contestant, before, now: after }];
  });
}

/** What a figure is about: milliseconds, or of memory MiB. Null when there is none. */
function sizeOf(figure: Figure | undefined): number | null {
  if (figure?.milliseconds) return figure.milliseconds.median;
  const { liveBytes, pooledBytes = 0 } = figure?.more ?? {};
  return liveBytes === undefined ? null : (liveBytes + pooledBytes) / 2 ** 20;
}
