/** What charts and progress show of a step's metrics: the terms that they have, whatever method named them. */
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
 * The curves of a chart. The loss as a whole is not among them, nor a term that is all of it.
 * @param first the run's first line
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

/** The first step in which a term of the loss has a weight above 0, where it had none before. */
export function weightStart(metrics: readonly (Metrics & { step: number })[]): { step: number; title: string } | null {
  for (const { title, weight } of METHODS.flatMap(({ terms }) => Object.values(terms))) {
    const start = weight && metrics.find((line) => (line[weight.key] ?? 0) > 0);
    if (start && start.step > 1) return { step: start.step, title };
  }
  return null;
}
