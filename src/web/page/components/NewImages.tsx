/** New images, scored with the network at once. */
import { useState } from 'preact/hooks';
import { mostAnomalousFirst, percentileAmong, ratesAt } from '../../../scores/threshold.ts';
import type { NewScores } from '../../pageApi.ts';
import { scoreImages } from '../actions/results.ts';
import { download } from '../actions/runs.ts';
import { baseName, counted, percent, score } from '../logic/format.ts';

import { newScoresCsv } from '../logic/newScores.ts';
import { isBusy, useStore } from '../state.ts';
import { DropZone } from './DropZone.tsx';
import { Icon } from './Icon.tsx';
import { ImageDialog } from './ImageDialog.tsx';
import { Bar, ProblemOf } from './Notices.tsx';
import { SkippedFiles } from './SkippedFiles.tsx';

interface Comparison {
  score: string;
  normal: Float64Array;
}

/** Rows before “show all”. */
const FEW = 20;

/** @param comparison the scores of normal test images, ascending; null where there are none */
export function NewImages({ folder, comparison }: { folder: string; comparison: Comparison | null }) {
  const store = useStore();
  const fresh = store.fresh.value;
  const scoring = store.scoring.value;
  const isDisabled = scoring !== null || isBusy(store);
  return (
    <section class="card new-images" aria-labelledby="new-title">
      <h3 id="new-title">Score new images</h3>
      <p class="quiet">
        {isBusy(store)
          ? 'A run is in progress. Pause it to score new images.'
          : 'New images are scored here and not stored.'}
      </p>
      <DropZone
        name="new images"
        place="score"
        isDisabled={isDisabled}
        onFiles={(files) => scoreImages(store, folder, files)}
      >
        <p>Drop images, a folder or a zip</p>
      </DropZone>
      {scoring && <Bar label={`Scoring ${counted(scoring.total ?? 0, 'image')}`} count={scoring} />}
      <ProblemOf place="score" />
      {fresh && !scoring && <Scores fresh={fresh} comparison={comparison} name={baseName(folder)} />}
    </section>
  );
}

function Scores({ fresh, comparison, name }: { fresh: NewScores; comparison: Comparison | null; name: string }) {
  const { threshold } = useStore();
  const [isWhole, setWhole] = useState(false);
  const [open, setOpen] = useState<number | null>(null);
  const hasScore = comparison !== null && fresh.images.some(({ scores }) => Object.hasOwn(scores, comparison.score));
  const main = hasScore ? comparison.score : fresh.mainScore;
  const normal = hasScore ? comparison.normal : null;
  const values = fresh.images.map(({ scores }) => scores[main]);
  const order = mostAnomalousFirst(values);
  const canCompare = normal !== null && normal.length > 0;
  const outliers = values.filter((value) => value < threshold.value).length;
  const image = open === null ? null : fresh.images[open];
  return (
    <>
      <div class="new-head">
        <p>
          <strong>{counted(values.length, 'image')}</strong>
          {canCompare && (
            <>
              , <strong>{outliers}</strong> called {outliers === 1 ? 'an outlier' : 'outliers'} at the threshold{' '}
              {score(threshold.value)} ({percent(ratesAt(threshold.value, normal, []).falseAlarms)} false alarms among
              normal images)
            </>
          )}
        </p>
        <button
          type="button"
          class="small"
          onClick={() => download(new Blob([newScoresCsv(fresh)], { type: 'text/csv' }), `${name}-new.csv`)}
        >
          <Icon name="take" />
          Scores (CSV)
        </button>
      </div>
      <div class="scroll">
        <table class="new-scores">
          <thead>
            <tr>
              <th scope="col">Image</th>
              <th scope="col" class="number">
                {main}
              </th>
              {canCompare && <th scope="col">Verdict</th>}
              {canCompare && (
                <th scope="col" class="number">
                  Percentile among normal
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {order.slice(0, isWhole ? undefined : FEW).map((index) => (
              <tr key={index}>
                <th scope="row">
                  <button type="button" class="row" onClick={() => setOpen(index)}>
                    <img src={fresh.images[index].uri} alt="" loading="lazy" />
                    {fresh.images[index].path}
                  </button>
                </th>
                <td class="number">{score(values[index])}</td>
                {canCompare && (
                  <td>
                    <span class={`tag ${values[index] < threshold.value ? 'outlier' : 'normal'}`}>
                      {values[index] < threshold.value ? 'outlier' : 'normal'}
                    </span>
                  </td>
                )}
                {canCompare && <td class="number">{percent(percentileAmong(normal, values[index]))}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {order.length > FEW && !isWhole && (
        <button type="button" class="small" onClick={() => setWhole(true)}>
          Show all {order.length}
        </button>
      )}
      {fresh.notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
      <SkippedFiles files={fresh.skipped} />
      {image && (
        <ImageDialog
          image={{ ...image, truth: null }}
          main={main}
          normal={normal}
          onClose={() => setOpen(null)}
          onBefore={null}
          onAfter={null}
        />
      )}
    </>
  );
}
