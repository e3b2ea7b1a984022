/** AUROC by outlier class and by test set: which of them are hard. */
import { counted, figure } from '../logic/format.ts';
import type { Results } from '../state.ts';

interface Line {
  name: string;
  images: number;
  auroc: number | null;
}

export function ClassTable({ results }: { results: Results }) {
  const { score } = results;
  const { result, images } = results.view;
  const classes = Object.entries(result.perOodClass ?? {})
    .map(([name, scores]) => ({ name, images: outliersOf(images, name), auroc: scores[score] }))
    .sort((a, b) => a.auroc - b.auroc);
  const sets = Object.entries(result.testSets ?? {}).map(([name, { testImages, auroc }]) => {
    return { name, images: testImages.in + testImages.out, auroc: auroc[score] };
  });
  return (
    <>
      {classes.length > 1 && <AurocTable id="classes" title="AUROC by outlier class" column="Class" lines={classes} />}
      {sets.length > 0 && <AurocTable id="sets" title="AUROC by test set" column="Test set" lines={sets} />}
    </>
  );
}

const outliersOf = (images: Results['view']['images'], name: string): number =>
  images.filter((image) => !image.isNormal && image.className === name).length;

function AurocTable({ id, title, column, lines }: { id: string; title: string; column: string; lines: Line[] }) {
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>{title}</h3>
      <table class="classes">
        <thead>
          <tr>
            <th scope="col">{column}</th>
            <th scope="col" class="number">
              AUROC
            </th>
            <th scope="col" class="wide">
              <span class="unseen">AUROC as a bar</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, images, auroc }) => (
            <tr key={name}>
              <th scope="row">
                {name} <span class="quiet">{counted(images, 'image')}</span>
              </th>
              <td class="number">{auroc === null ? '' : figure(auroc)}</td>
              <td class="wide">
                {auroc !== null && <meter min={0} max={1} value={auroc} aria-label={`AUROC of ${name}`} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
