/** Prints measurements as they are made, one per line. */
import type { BenchReport, Change, Measurement, Surroundings } from './measurements.ts';
import { quartilesOf } from './statistics.ts';

const NAME_WIDTH = 50;
const WHO_WIDTH = 20;

const HEADINGS = ['median ms', 'quartiles', 'n', 'GFLOP/s', 'GB/s', 'x ours'];
const WIDTHS = [10, 19, 4, 8, 7, 7];

/** About three significant digits, without exponents. */
export function short(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(value >= 1 ? 2 : 3);
}

const cells = (values: readonly string[]) =>
  values
    .map((value, i) => value.padStart(WIDTHS[i]))
    .join(' ')
    .trimEnd();

export function headingLine(title: string): string {
  return `\n${title.padEnd(NAME_WIDTH)} ${''.padEnd(WHO_WIDTH)} ${cells(HEADINGS)}`;
}

/**
 * One measurement.
 * @param ours our median for the same workload, for the last column
 * @param isRepeated the line above already names the workload
 */
export function measurementLine(measurement: Measurement, ours: number | null, isRepeated: boolean): string {
  const { workload, contestant, milliseconds, flops, bytes, failure } = measurement;
  const start = `${(isRepeated ? '' : workload).padEnd(NAME_WIDTH)} ${contestant.padEnd(WHO_WIDTH)}`;
  if (!milliseconds) return `${start} failed: ${failure}`;
  const { median, lower, upper, samples } = milliseconds;
  const rate = (amount: number | undefined) => (amount === undefined ? '' : short(amount / median / 1e6));
  const ratio = ours === null || contestant === 'oecl' ? '' : short(median / ours);
  return `${start} ${cells([short(median), `${short(lower)} - ${short(upper)}`, `${samples}`, rate(flops), rate(bytes), ratio])}`;
}

export function surroundingsLines({ adapter, versions, cpus, loadBefore, arePeersResting }: Surroundings): string[] {
  const known = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `adapter   ${adapter.description || adapter.device} (${adapter.kind}; ${adapter.vendor} ${adapter.architecture})`,
    `versions  ${known.join(', ')}`,
    `machine   ${cpus} cores, load ${loadBefore.toFixed(2)} before the start`,
    'Times last until the queue is done. "x ours": time relative to that of oecl, in turn with it in this run.',
    ...(arePeersResting ? ['Peers wait for the device as oecl does (--resting-peers), not as they come.'] : []),
  ];
}

/** A warning if the machine was busy, which makes absolute times of a software adapter meaningless. */
export function loadWarning({ cpus, loadBefore, adapter }: Surroundings): string | null {
  if (loadBefore < 0.3 * cpus || adapter.kind === 'hardware') return null;
  return `others were using the machine (load ${loadBefore.toFixed(2)} on ${cpus} cores): trust ratios, not times`;
}

export function changeLines(before: BenchReport, changes: readonly Change[], now: Surroundings): string[] {
  const lines = [
    `${'against the earlier run (ms; memory: MiB)'.padEnd(NAME_WIDTH)} ${''.padEnd(WHO_WIDTH)}    before        now     change`,
  ];
  if (before.surroundings.adapter.description !== now.adapter.description)
    lines.push(`(that one ran on another adapter: ${before.surroundings.adapter.description})`);
  for (const { workload, contestant, before: old, now: median } of changes) {
    const change = `${median < old ? '' : '+'}${((median / old - 1) * 100).toFixed(0)} %`;
    const values = `${short(old).padStart(9)} ${short(median).padStart(10)} ${change.padStart(10)}`;
    lines.push(`${workload.padEnd(NAME_WIDTH)} ${contestant.padEnd(WHO_WIDTH)} ${values}`);
  }
  const peers = changes.filter(({ contestant }) => contestant !== 'oecl');
  if (peers.length > 0) {
    const { median } = quartilesOf(peers.map(({ before: old, now: median }) => median / old));
    lines.push(`the peers, whose code is the same, take ${short(median)} times as long: so much is the machine`);
  }
  return lines;
}
