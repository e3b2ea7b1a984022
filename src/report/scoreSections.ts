/** The report's sections on scores: the headline metric, histograms, the ROC curve, and each outlier class. */
import { METRIC_NAMES, METRICS, RECALL, rocCurve, splitByTruth } from '../scores/metrics.ts';
import { scoreNamed } from '../scores/table.ts';
import { FALSE_ALARMS, thresholdFor } from '../scores/threshold.ts';
import { card, count, percent } from './parts.ts';
import { escapeHtml, histogramPlot, legend, rocPlot } from './plot.ts';
import type { RunResult, ScoreTable } from './result.ts';
import type { ScoredImage } from './scoresCsv.ts';

interface Scored {
  result: RunResult;
  images: readonly ScoredImage[];
  scores: ScoreTable;
}

/** The headline metric in words. Without outliers there is no such metric, so it is the threshold. */
export function finding(input: Scored): string {
  const { result } = input;
  const { mainScore } = result;
  const { in: normal, out: outliers } = result.testImages;
  if (outliers === 0) {
    const { accepted } = byTruth(input, mainScore);
    return hero(accepted.toPrecision(3), `score ${mainScore} of the 5 % least normal`, [
      `<p><strong>No outliers were tested</strong>, so there is no figure for how well they are told apart. The scores below are of ${count(normal, 'normal image')}, none of them seen in training.</p>`,
      `<p>95 % of them score <strong>${accepted.toPrecision(3)}</strong> or more: an image below is less normal than 19 of 20 normal ones.</p>`,
    ]);
  }
  const auroc = result.auroc[mainScore]!;
  return hero(auroc.toFixed(3), `AUROC, score ${mainScore}`, [
    `<p>Of all pairs of one normal test image and one outlier, the network scores the normal one higher in <strong>${percent(auroc)}</strong>; ties count one half. 50 % is chance, 100 % is perfect.</p>`,
    `<p>A threshold that accepts 95 % of the normal images also accepts <strong>${percent(result.fpr95In[mainScore]!)}</strong> of the outliers; one that rejects 95 % of the outliers also rejects <strong>${percent(result.fpr95[mainScore]!)}</strong> of the normal images.</p>`,
    `<p class="quiet">Measured on ${count(normal, 'normal image')} and ${count(outliers, 'outlier')} of the test set, none of them seen in training.</p>`,
    `<p class="quiet">The score is ${mainScore}, ${scoreNamed(mainScore)?.summary ?? ''}. ${escapeHtml(result.mainScoreReason)}</p>`,
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

/** The range of a score, and the value that 95 % of the normal images reach. */
function byTruth({ images, scores }: Scored, name: string) {
  const { normal, outliers } = splitByTruth(
    scores[name],
    images.map(({ isNormal }) => isNormal),
  );
  const accepted = thresholdFor(
    FALSE_ALARMS,
    [...normal].sort((a, b) => a - b),
  );
  return { normal, outliers, accepted };
}

/** The charts of the main score, the metrics of all scores, and the other charts, collapsed. */
export function scoreSection(input: Scored): string {
  const { result } = input;
  const hasOutliers = result.testImages.out > 0;
  const others = Object.keys(result.auroc).filter((name) => name !== result.mainScore);
  return [
    '<h2>Scores of the test images</h2>',
    scoreCharts(input, result.mainScore),
    hasOutliers ? metricTable(result) : '',
    ...others.map((name) => {
      const auroc = hasOutliers ? `: AUROC ${result.auroc[name]!.toFixed(3)}` : '';
      return `<details><summary>${name}${auroc}</summary>${scoreCharts(input, name)}</details>`;
    }),
  ].join('\n');
}

function scoreCharts(input: Scored, score: string): string {
  const { normal, outliers, accepted } = byTruth(input, score);
  const groups = [{ label: `normal (${normal.length})`, color: 'normal', values: normal }];
  if (outliers.length > 0) groups.push({ label: `outliers (${outliers.length})`, color: 'outlier', values: outliers });
  const histograms = card('How the test images score', 'Higher = more normal. Heights are shares of each group.', [
    legend(groups),
    histogramPlot({
      title: 'Histograms of the scores of the test images',
      groups,
      xLabel: score,
      markers: [{ x: accepted, label: '95 % of normal above' }],
    }),
  ]);
  const roc = outliers.length > 0 ? rocCard(input.result.auroc[score]!, normal, outliers) : '';
  return `<div class="grid2">${histograms}${roc}</div>`;
}

function rocCard(auroc: number, normal: readonly number[], outliers: readonly number[]): string {
  const roc = rocCurve(normal, outliers);
  const operating = roc.truePositiveRate.findIndex((rate) => rate >= RECALL);
  const accepts = `accepts ${percent(roc.truePositiveRate[operating])} of normal, ${percent(roc.falsePositiveRate[operating])} of outliers`;
  return card('ROC curve', 'Share of normal images accepted, for each share of outliers.', [
    legend([
      { label: `AUROC ${auroc.toFixed(3)}`, color: 'normal' },
      { label: accepts, color: 'normal', mark: 'point' },
    ]),
    rocPlot({ title: 'ROC curve', ...roc, operating }),
  ]);
}

/** @param result the result of a test with outliers */
function metricTable(result: RunResult): string {
  const rows = Object.keys(result.auroc).map((name) => {
    const cells = METRIC_NAMES.map((metric) => `<td class="number">${result[metric][name]!.toFixed(3)}</td>`).join('');
    return `<tr${name === result.mainScore ? ' class="main"' : ''}><td>${name}</td>${cells}<td class="quiet">${scoreNamed(name)?.summary ?? ''}</td></tr>`;
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
  const { mainScore } = result;
  const others = Object.keys(result.auroc).filter((name) => name !== mainScore);
  const rows = Object.entries(result.perOodClass)
    .sort(([, a], [, b]) => a[mainScore] - b[mainScore])
    .map(([name, values]) => {
      const size = images.filter((image) => !image.isNormal && image.className === name).length;
      const meter = `<td class="meter"><div><i style="width:${(values[mainScore] * 100).toFixed(1)}%"></i></div></td>`;
      const number = (text: string | number) => `<td class="number">${text}</td>`;
      const figure = (score: string) => number(values[score].toFixed(3));
      return `<tr><td>${escapeHtml(name)}</td>${number(size)}${figure(mainScore)}${meter}${others.map(figure).join('')}</tr>`;
    });
  const titles = (names: readonly (string | number)[]) =>
    names.map((name) => `<th class="number">${name}</th>`).join('');
  return [
    '<h2>Each outlier class alone</h2>',
    `<p class="quiet">AUROC against all normal test images, hardest class of ${mainScore} first; the mark in the middle of a bar is chance. A class of few images has an uncertain figure.</p>`,
    '<div class="card scroll"><table>',
    `<tr><th>class</th>${titles(['images', mainScore])}<th class="meter"></th>${titles(others)}</tr>`,
    ...rows,
    '</table></div>',
  ].join('\n');
}

/** Of runs with several test sets: each alone, in the order of the protocol. */
export function testSetSection({ result }: Scored): string {
  if (!result.testSets) return '';
  const names = Object.keys(result.auroc);
  const [main, others] = [result.mainScore, names.filter((name) => name !== result.mainScore)];
  const number = (value: string) => `<td class="number">${value}</td>`;
  const figure = (value: number | null) => number(value === null ? '' : value.toFixed(3));
  const rows = Object.entries(result.testSets).map(([name, { testImages, auroc, fpr95, undefinedMetrics }]) => {
    const counts = [testImages.in, testImages.out].map((images) => number(count(images))).join('');
    const figures = [auroc[main], fpr95[main], ...others.map((score) => auroc[score])].map(figure).join('');
    const why = undefinedMetrics ? ` (${undefinedMetrics})` : '';
    return `<tr><td>${escapeHtml(name + why)}</td>${counts}${figures}</tr>`;
  });
  const titles = ['normal images', 'outliers', `AUROC, ${main}`, `FPR95, ${main}`, ...others];
  return [
    '<h2>Each test set alone</h2>',
    '<p class="quiet">The figures above are of all test images together. Columns of other scores are AUROC.</p>',
    '<div class="card scroll"><table>',
    `<tr><th>test set</th>${titles.map((title) => `<th class="number">${title}</th>`).join('')}</tr>`,
    ...rows,
    '</table></div>',
  ].join('\n');
}
