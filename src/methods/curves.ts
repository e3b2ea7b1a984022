/** Selects the step metrics for charts and progress: the terms present, whichever method defined them. */
import type { Part, TermSpec } from './method.ts';
import { METHODS } from './table.ts';

/** A line of metrics.jsonl. */
type Metrics = Readonly<Record<string, number | null | undefined>>;

export interface TermCurve {
  title: string;
  of: Part;
  valueIn(metrics: Metrics): number | null;
}

/**
 * The curves of a chart. Leaves out the total loss, and a term that equals it.
 * @param first the first metrics line of the run
 */
export function termCurves(first: Metrics, chart: TermSpec['chart']): TermCurve[] {
  const specs = METHODS.flatMap(({ terms }) => Object.entries(terms));
  const found = Object.keys(first).flatMap((name) => {
    const spec = specs.find(([other]) => other === name)?.[1];
    return spec?.chart === chart && first[name] !== null ? [{ name, ...spec }] : [];
  });
  if (chart === 'loss' && found.length === 1) return [];
  return found.map(({ name, title, of, weight }) => ({
    title: weight ? `${weight.symbol} × ${title}` : title,
    of,
    valueIn: (metrics) => {
      const value = metrics[name] ?? null;
      return weight && value !== null ? value * (metrics[weight.key] ?? 1) : value;
    },
  }));
}

/** The first step in which the weight of a loss term rises from 0. */
export function weightStart(metrics: readonly (Metrics & { step: number })[]): { step: number; title: string } | null {
  for (const { title, weight } of METHODS.flatMap(({ terms }) => Object.values(terms))) {
    const start = weight && metrics.find((line) => (line[weight.key] ?? 0) > 0);
    if (start && start.step > 1) return { step: start.step, title };
  }
  return null;
}
