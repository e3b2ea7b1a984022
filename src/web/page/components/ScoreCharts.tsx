/** The scores of normal images and outliers, and the threshold between them. */
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { histogram } from '../../../report/histogram.ts';
import { rocCurve } from '../../../scores/metrics.ts';
import { ratesAt, thresholdFor } from '../../../scores/threshold.ts';
import { chooseThreshold } from '../actions/results.ts';
import { Chart } from '../charts/Chart.tsx';
import { histogramOptions, rocOptions } from '../charts/scores.ts';
import { counted, figure, percent, score } from '../logic/format.ts';
import { type Results, useStore } from '../state.ts';

const HEIGHT = 260;
/** As high as the histogram with what stands below it. */
const ROC_HEIGHT = 430;
const MOST_BINS = 40;
/** With fewer images than this, a note states how coarse the rates are. */
const FEW_NORMAL = 100;
/** Steps of the slider from the lowest score to the highest. */
const SLIDER_STEPS = 1000;
const USUAL_RATES = [0.01, 0.05, 0.1];

export function ScoreCharts({ results }: { results: Results }) {
  return (
    <div class={results.outliers.length > 0 ? 'grid2' : undefined}>
      <ScoreHistogram {...results} />
      {results.outliers.length > 0 && <Roc results={results} />}
    </div>
  );
}

export function ScoreHistogram({ score: name, normal, outliers }: Pick<Results, 'score' | 'normal' | 'outliers'>) {
  const store = useStore();
  const { data, low, high, options } = useMemo(() => {
    const bins = Math.min(Math.ceil(2 * Math.sqrt(normal.length + outliers.length)), MOST_BINS);
    const { edges, shares } = histogram([normal, outliers], bins);
    // one more point closes the last bin
    const columns = shares.map((column) => [...column, column[bins - 1]]);
    const [low, high] = [edges[0], edges[bins]];
    const options = histogramOptions(name, [low, high], outliers.length > 0, store.threshold);
    return { data: [edges, ...columns] as uPlot.AlignedData, low, high, options };
  }, [name, normal, outliers, store]);
  const threshold = store.threshold.value;
  const rates = ratesAt(threshold, normal, outliers);
  return (
    <section class="card" aria-labelledby="histogram-title">
      <h3 id="histogram-title">Scores and threshold</h3>
      <p class="quiet">The higher the score, the more normal. An image below the threshold is called an outlier.</p>
      <ul class="legend">
        <li class="key box normal">{counted(normal.length, 'normal image')}</li>
        {outliers.length > 0 && <li class="key box outlier">{counted(outliers.length, 'outlier')}</li>}
      </ul>
      <Chart
        label={`Histogram of scores from ${score(low)} to ${score(high)}: ${groupWords('normal images', normal)}${
          outliers.length > 0 ? `; ${groupWords('outliers', outliers)}` : ''
        }.`}
        data={data}
        height={HEIGHT}
        options={options}
        marks={threshold}
        onPoint={(x) => chooseThreshold(store, Math.min(Math.max(x, low), high))}
      />
      <div class="threshold">
        <label for="threshold">
          Threshold <span>{score(threshold)}</span>
        </label>
        <input
          id="threshold"
          type="range"
          min={low}
          max={high}
          step={(high - low) / SLIDER_STEPS}
          value={threshold}
          aria-valuetext={`${score(threshold)}: ${rateWords(rates)}`}
          onInput={(event) => chooseThreshold(store, event.currentTarget.valueAsNumber)}
        />
        <dl class="rates">
          <div class="normal">
            <dt>False alarms (false-positive rate)</dt>
            <dd>{percent(rates.falseAlarms)}</dd>
            <dd class="quiet">of normal images lie below</dd>
          </div>
          {rates.missed !== null && (
            <div class="outlier">
              <dt>Missed outliers</dt>
              <dd>{percent(rates.missed)}</dd>
              <dd class="quiet">of outliers lie above</dd>
            </div>
          )}
        </dl>
        {normal.length < FEW_NORMAL && (
          <p class="quiet">
            With {counted(normal.length, 'normal image')} the false-positive rate is known in steps of{' '}
            {percent(1 / normal.length)} only; more normal test images make it finer.
          </p>
        )}
        <fieldset class="presets" aria-label="Thresholds by their false-positive rate">
          <span class="quiet">False-positive rate at most</span>
          {USUAL_RATES.map((rate) => (
            <button
              key={rate}
              type="button"
              class="small"
              onClick={() => chooseThreshold(store, thresholdFor(rate, normal))}
            >
              {percent(rate)}
            </button>
          ))}
        </fieldset>
      </div>
    </section>
  );
}

const rateWords = ({ falseAlarms, missed }: ReturnType<typeof ratesAt>): string =>
  `${percent(falseAlarms)} false alarms${missed === null ? '' : `, ${percent(missed)} of outliers missed`}`;

const groupWords = (name: string, ascending: Float64Array): string =>
  `${name} have a median of ${score(ascending[Math.floor(ascending.length / 2)])}`;

function Roc({ results }: { results: Results }) {
  const store = useStore();
  const { normal, outliers, view } = results;
  const { data, options } = useMemo(() => {
    // same axes as in the report: share of outliers accepted, share of normal images accepted
    const { falsePositiveRate, truePositiveRate } = rocCurve(normal, outliers);
    const data = [Array.from(falsePositiveRate), Array.from(truePositiveRate)] as uPlot.AlignedData;
    return { data, options: rocOptions(normal, outliers, store.threshold) };
  }, [normal, outliers, store]);
  const auroc = view.result.auroc[results.score]!; // there are outliers, or no curve
  const { falseAlarms, missed } = ratesAt(store.threshold.value, normal, outliers);
  return (
    <section class="card" aria-labelledby="roc-title">
      <h3 id="roc-title">ROC curve</h3>
      <p class="quiet">All thresholds at once: the further up and left, the better. The dot is the chosen threshold.</p>
      <ul class="legend">
        <li class="key normal">
          AUROC <strong>{figure(auroc)}</strong>
        </li>
        <li class="key point normal">
          accepts {percent(1 - falseAlarms)} of normal, {percent(missed ?? 0)} of outliers
        </li>
      </ul>
      <Chart
        label={`ROC curve with an area of ${figure(auroc)}. The threshold accepts ${percent(1 - falseAlarms)} of normal images and ${percent(missed ?? 0)} of outliers.`}
        data={data}
        height={ROC_HEIGHT}
        options={options}
        marks={store.threshold.value}
      />
    </section>
  );
}
