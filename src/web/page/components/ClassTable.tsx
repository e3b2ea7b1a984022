/** AUROC by outlier class: which of them are hard. */
import { counted, figure } from '../logic/format.ts';
import type { Results } from '../state.ts';

export function ClassTable({ results }: { results: Results }) {
  const { score } = results;
  const { result, images } = results.view;
  const rows = Object.entries(result.perOodClass ?? {}).sort(([, a], [, b]) => a[score] - b[score]);
  if (rows.length < 2) return null;
  return (
    <section class="card" aria-labelledby="classes-title">
      <h3 id="classes-title">AUROC by outlier class</h3>
      <table class="classes">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col" class="number">
              AUROC
            </th>
            <th scope="col" class="wide">
              <span class="unseen">AUROC as a bar</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, scores]) => (
            <tr key={name}>
              <th scope="row">
                {name}{' '}
                <span class="quiet">
                  {counted(images.filter((image) => !image.isNormal && image.className === name).length, 'image')}
                </span>
              </th>
              <td class="number">{figure(scores[score])}</td>
              <td class="wide">
                <meter min={0} max={1} value={scores[score]} aria-label={`AUROC of ${name}`} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
