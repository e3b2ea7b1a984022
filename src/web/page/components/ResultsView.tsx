/** The results of a run: the main metric, the scores behind it, each image, and downloads. */
import { useEffect } from 'preact/hooks';
import { headlineOf } from '../../../protocols/table.ts';
import type { RunResult } from '../../../report/result.ts';
import { openResults } from '../actions/results.ts';
import { titleOf } from '../logic/choices.ts';
import { counted, figure, percent } from '../logic/format.ts';
import { inPageWords } from '../logic/problem.ts';
import { goTo } from '../route.ts';
import { isDemo, type Results, useStore } from '../state.ts';
import { ClassTable } from './ClassTable.tsx';
import { Gallery } from './Gallery.tsx';
import { MetricTable } from './MetricTable.tsx';
import { ModelOnly } from './ModelOnly.tsx';
import { NewImages } from './NewImages.tsx';
import { Bar, Notice, ProblemOf, SyntheticNotice } from './Notices.tsx';
import { ScoreCharts } from './ScoreCharts.tsx';
import { ScorePicker } from './ScorePicker.tsx';
import { TakeAway } from './TakeAway.tsx';
import { TrainingCharts } from './TrainingCharts.tsx';
import { ViewTitle } from './ViewTitle.tsx';

export function ResultsView() {
  const store = useStore();
  const { folder } = store.route.value;
  const info = store.runs.value?.find((run) => run.folder === folder) ?? null;
  const isModel = info?.state === 'model';
  const isKnown = store.runs.value !== null;
  useEffect(() => {
    if (folder !== null && isKnown && !isModel) openResults(store, folder);
  }, [store, folder, isKnown, isModel]);
  if (folder === null) return <NothingOpen />;
  if (isModel) return <ModelOnly folder={folder} />;
  const results = store.results.value;
  return (
    <>
      <ProblemOf place="results" />
      {results ? (
        <Finished key={results.view.folder} results={results} />
      ) : (
        store.problems.value.results === undefined && (
          <>
            <ViewTitle>Results</ViewTitle>
            <Bar label="Reading the run" count={{ done: 0, total: null }} />
          </>
        )
      )}
    </>
  );
}

function NothingOpen() {
  const { runs } = useStore();
  const finished = runs.value?.filter(({ state }) => state === 'finished') ?? [];
  return (
    <div class="empty">
      <ViewTitle>No results yet</ViewTitle>
      <p>{finished.length > 0 ? 'Open a finished run.' : 'The results of finished runs appear here.'}</p>
      <div class="buttons">
        <button type="button" class="main" onClick={() => goTo(finished.length > 0 ? 'runs' : 'train')}>
          {finished.length > 0 ? 'Show runs' : 'Train a network'}
        </button>
      </div>
    </div>
  );
}

/** In place of the curves: why nothing was trained, and the way to train. */
function Untrained({ result: { trainImages, methodReason } }: { result: RunResult }) {
  return (
    <p>
      {methodReason === undefined
        ? 'Nothing was trained. '
        : `${counted(trainImages, 'normal image')}: ${inPageWords(methodReason)}. `}
      <a href="#train">Train a network on them</a>
    </p>
  );
}

function headline(result: RunResult): string {
  const words = headlineOf(result);
  return words[0].toUpperCase() + words.slice(1);
}

function Finished({ results }: { results: Results }) {
  const { result, config, folder } = results.view;
  const exposure = result.oe === null ? 'no outlier exposure' : `outlier exposure: ${exposureName(result.oe)}`;
  const facts = [
    isDemo(config) ? 'demo' : 'my images',
    titleOf(config.method),
    exposure,
    result.steps > 0 ? `${result.epochs} epochs` : 'nothing was trained',
  ];
  const noteOf = (name: string): string => {
    const auroc = result.auroc[name];
    return (auroc === null ? '' : `, AUROC ${figure(auroc)}`) + (name === result.mainScore ? ' (main)' : '');
  };
  return (
    <>
      <header>
        <p class="eyebrow">{facts.join(' · ')}</p>
        <ViewTitle>{headline(result)}</ViewTitle>
      </header>
      {result.synthetic && <SyntheticNotice />}
      {result.changedData && (
        <Notice>
          <p>
            <strong>The images changed during this run.</strong>
          </p>
          <ul>
            {result.changedData.map((change) => (
              <li key={change}>{change}</li>
            ))}
          </ul>
        </Notice>
      )}
      <section class="verdict" aria-label="Result">
        <Headline results={results} />
        <TakeAway folder={folder} />
      </section>
      <ScorePicker score={results.score} names={Object.keys(result.auroc)} noteOf={noteOf} />
      {results.normal.length > 0 && <ScoreCharts results={results} />}
      <NewImages folder={folder} comparison={results} />
      <MetricTable result={result} score={results.score} />
      <ClassTable results={results} />
      <Gallery results={results} />
      <section aria-labelledby="training-title">
        <h2 id="training-title">Training</h2>
        {result.steps > 0 ? <TrainingCharts {...results.columns} /> : <Untrained result={result} />}
      </section>
    </>
  );
}

const exposureName = (oe: string): string =>
  oe === 'dead-leaves' ? 'dead leaves (generated)' : oe.startsWith('folder:') ? 'my outlier images' : oe;

function Headline({ results }: { results: Results }) {
  const { result } = results.view;
  const auroc = result.auroc[results.score];
  if (auroc === null) {
    return (
      <div>
        <p class="lead">The run is finished: {counted(results.normal.length, 'normal image')} scored.</p>
        <p>
          There is no AUROC: {result.undefinedMetrics}. Below are the scores of normal images that were not trained on;
          the threshold says how many of them would be false alarms. Add labeled test images and train again to learn
          how well outliers are found.
        </p>
      </div>
    );
  }
  return (
    <>
      <p class="figure">
        {figure(auroc)}
        <small>AUROC, {results.score}</small>
      </p>
      <div>
        <p>
          Of all pairs of one normal image and one outlier, the network scores the normal one higher in{' '}
          <strong>{percent(auroc)}</strong>. {percent(0.5)} is chance, {percent(1)} is perfect.
        </p>
        <p class="quiet">
          Measured on {counted(result.testImages.in, 'normal image')} and {counted(result.testImages.out, 'outlier')} of
          the test, none of them seen in training.
        </p>
        {results.score === result.mainScore && <p class="quiet">The main score. {result.mainScoreReason}</p>}
      </div>
    </>
  );
}
