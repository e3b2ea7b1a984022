/** What the report says of the scores: the figure at its head, histograms, the ROC curve, and each outlier class. */
import { METRIC_NAMES, METRICS, rocCurve, splitByTruth } from '../scores/metrics.ts';
import { card, count, percent } from './parts.ts';
import { escapeHtml, histogramPlot, legend, rocPlot } from './plot.ts';
import { MAIN_SCORE, type RunResult, SCORE_NAMES, type ScoreTable } from './result.ts';
import type { ScoredImage } from './scoresCsv.ts';

interface Scored {
  result: RunResult;
  images: readonly ScoredImage[];
  scores: ScoreTable;
}

const SCORE_MEANINGS: Record<(typeof SCORE_NAMES)[number], string> = {
  norm: 'norm of the features of the plain image',
  normEnsemble: 'mean norm over the plain image and its augmented views',
  normOfMean: 'norm of the mean feature over the same views',
  meanSquaredNorm: 'mean squared norm over the same views',
};

/** The figure at the head of the report, in words. Without outliers it is the threshold, as nothing was told apart. */
export function finding({ result, images, scores }: Scored): string {
  const { in: normal, out: outliers } = result.testImages;
  if (outliers === 0) {
    const { accepted } = byTruth(images, scores);
    return hero(accepted.toPrecision(3), `score ${MAIN_SCORE} of the 5 % least normal`, [
      `<p><strong>No outliers were tested</strong>, so there is no figure for how well they are told apart. The scores below are of ${count(normal, 'normal image')}, none of them seen in training.</p>`,
      `<p>95 % of them score <strong>${accepted.toPrecision(3)}</strong> or more: an image below is less normal than 19 of 20 normal ones.</p>`,
    ]);
  }
  const auroc = result.auroc[MAIN_SCORE]!;
  return hero(auroc.toFixed(3), `AUROC, score ${MAIN_SCORE}`, [
    `<p>Of all pairs of one normal test image and one outlier, the network scores the normal one higher in <strong>${percent(auroc)}</strong>; ties count one half. 50 % is chance, 100 % is perfect.</p>`,
    `<p>A threshold that accepts 95 % of the normal images also accepts <strong>${percent(result.fpr95In[MAIN_SCORE]!)}</strong> of the outliers; one that rejects 95 % of the outliers also rejects <strong>${percent(result.fpr95[MAIN_SCORE]!)}</strong> of the normal images.</p>`,
    `<p class="quiet">Measured on ${count(normal, 'normal image')} and ${count(outliers, 'outlier')} of the test set, none of them seen in training.</p>`,
  ]);
}

const hero = (figure: string, caption: string, text: readonly string[]): string =>
  [
    '<div class="hero">',
    `<div class="figure">${figure}<small>${caption}</small></div>`,
    '<div>',
    ...text,
    '</div></div>',
  ].join('\n');

/** The main scores, and the one that 95 % of the normal images reach. */
function byTruth(images: readonly ScoredImage[], scores: ScoreTable) {
  const { normal, outliers } = splitByTruth(
    scores[MAIN_SCORE],
    images.map(({ isNormal }) => isNormal),
  );
  const accepted = [...normal].sort((a, b) => b - a)[Math.ceil((normal.length * 19) / 20) - 1];
  return { normal, outliers, accepted };
}

export function scoreSection(input: Scored): string {
  const { normal, outliers, accepted } = byTruth(input.images, input.scores);
  const groups = [{ label: `normal (${normal.length})`, color: 'normal', values: normal }];
  if (outliers.length > 0) groups.push({ label: `outliers (${outliers.length})`, color: 'outlier', values: outliers });
  const histograms = card('How the test images score', 'Higher = more normal. Heights are shares of each group.', [
    legend(groups),
    histogramPlot({
      title: 'Histograms of the scores of the test images',
      groups,
      xLabel: MAIN_SCORE,
      markers: [{ x: accepted, label: '95 % of normal above' }],
    }),
  ]);
  const parts = outliers.length > 0 ? [histograms, rocCard(input.result, normal, outliers)] : [histograms];
  const table = outliers.length > 0 ? metricTable(input.result) : '';
  return ['<h2>Scores of the test images</h2>', '<div class="grid2">', ...parts, '</div>', table].join('\n');
}

function rocCard({ auroc }: RunResult, normal: readonly number[], outliers: readonly number[]): string {
  const roc = rocCurve(normal, outliers);
  const operating = roc.truePositiveRate.findIndex((rate) => rate >= 0.95);
  const accepts = `accepts ${percent(roc.truePositiveRate[operating])} of normal, ${percent(roc.falsePositiveRate[operating])} of outliers`;
  return card('ROC curve', 'Share of normal images accepted, for each share of outliers.', [
    legend([
      { label: `AUROC ${auroc[MAIN_SCORE]!.toFixed(3)}`, color: 'normal' },
      { label: accepts, color: 'normal', mark: 'point' },
    ]),
    rocPlot({ title: 'ROC curve', ...roc, operating }),
  ]);
}

/** @param result of a test with outliers */
function metricTable(result: RunResult): string {
  const rows = SCORE_NAMES.map((name) => {
    const cells = METRIC_NAMES.map((metric) => `<td class="number">${result[metric][name]!.toFixed(3)}</td>`).join('');
    return `<tr${name === MAIN_SCORE ? ' class="main"' : ''}><td>${name}</td>${cells}<td class="quiet">${SCORE_MEANINGS[name]}</td></tr>`;
  });
  return [
    '<div class="grid2"><div class="card scroll"><table>',
    `<tr><th>score</th>${METRIC_NAMES.map((metric) => `<th class="number">${METRICS[metric].title}</th>`).join('')}<th>what it is</th></tr>`,
    ...rows,
    '</table></div></div>',
    ...METRIC_NAMES.map(
      (metric) => `<p class="quiet"><strong>${METRICS[metric].title}</strong>: ${METRICS[metric].meaning}.</p>`,
    ),
  ].join('\n');
}

export function outlierClassSection({ result, images }: Scored): string {
  if (result.testImages.out === 0) return '';
  const rows = Object.entries(result.perOodClass)
    .sort(([, a], [, b]) => a[MAIN_SCORE] - b[MAIN_SCORE])
    .map(([name, values]) => {
      const size = images.filter((image) => !image.isNormal && image.className === name).length;
      const auroc = values[MAIN_SCORE];
      const meter = `<td class="meter"><div><i style="width:${(auroc * 100).toFixed(1)}%"></i></div></td>`;
      return `<tr><td>${escapeHtml(name)}</td><td class="number">${size}</td><td class="number">${auroc.toFixed(3)}</td>${meter}</tr>`;
    });
  return [
    '<h2>Each outlier class alone</h2>',
    `<p class="quiet">AUROC of ${MAIN_SCORE} against all normal test images, hardest class first; the mark in the middle of a bar is chance. A class of few images has an uncertain figure.</p>`,
    '<div class="card scroll"><table>',
    '<tr><th>class</th><th class="number">images</th><th class="number">AUROC</th><th class="meter"></th></tr>',
    ...rows,
    '</table></div>',
  ].join('\n');
}
