/** metrics.jsonl: one line of JSON per step; line n is step n. */
import type { StepMetrics } from '../train/stepMetrics.ts';

/**
 * The metrics of the lines before the first damaged one. `damaged` is its number, from 1, or null when there is none.
 * Anything after the last newline is empty or partial and is ignored.
 */
export function parseMetrics(text: string): { metrics: StepMetrics[]; damaged: number | null } {
  const metrics: StepMetrics[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const parsed = metricsOf(line);
    if (parsed?.step !== metrics.length + 1) return { metrics, damaged: metrics.length + 1 };
    metrics.push(parsed);
  }
  return { metrics, damaged: null };
}

/** The metrics of a line; null when it is damaged. */
export function metricsOf(line: string): StepMetrics | null {
  try {
    const parsed = JSON.parse(line) as StepMetrics | null;
    if (parsed === null || typeof parsed.step !== 'number') return null;
    return Object.values(parsed).every((value) => value === null || typeof value === 'number') ? parsed : null;
  } catch {
    return null;
  }
}
