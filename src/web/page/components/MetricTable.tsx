/** Every metric of a score, and what it is. The report has those of all scores side by side. */

import type { RunResult } from '../../../report/result.ts';
import { METRIC_NAMES, METRICS } from '../../../scores/metrics.ts';
import { figure } from '../logic/format.ts';

export function MetricTable({ result, score }: { result: RunResult; score: string }) {
  if (result.undefinedMetrics !== null) return null;
  return (
    <section class="card" aria-labelledby="metrics-title">
      <h3 id="metrics-title">Metrics of {score}</h3>
      <table class="classes">
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col" class="number">
              Value
            </th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {METRIC_NAMES.map((metric) => (
            <tr key={metric}>
              <th scope="row">{METRICS[metric].title}</th>
              <td class="number">{figure(result[metric][score]!)}</td>
              <td class="quiet">{METRICS[metric].meaning}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
