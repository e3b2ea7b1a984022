/** `oecl train`: builds a configuration from the options, runs it, and displays its progress. */
import { type AdapterDescription, adapterName } from '../base/adapter.ts';
import { duration } from '../base/duration.ts';
import type { OptionTable } from '../base/options.ts';
import { oneLine } from '../base/text.ts';
import { type RunConfig, resolveConfig, resumedConfig } from '../config/config.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import { DATASETS } from '../data/datasets/table.ts';
import { termCurves } from '../methods/curves.ts';
import { isTrained, METHODS } from '../methods/table.ts';
import { normalImagesOf } from '../protocols/table.ts';
import type { RunResult, RunSummary } from '../report/result.ts';
import type { RunOutcome, RunStart, TrainHooks } from '../runs/hooks.ts';
import { weightsNetwork } from '../runs/initialWeights.ts';
import { readStoredConfig } from '../runs/runFolder.ts';
import { type TrainCall, trainCall } from '../runs/trainCall.ts';
import { METRIC_NAMES, METRICS } from '../scores/metrics.ts';
import type { StepMetrics } from '../train/stepMetrics.ts';
import type { CliHost, Command } from './command.ts';
import { Progress } from './progress.ts';

const OPTIONS: OptionTable = [
  ...TRAIN_OPTIONS,
  { name: 'json', type: 'flag', group: 'Output', help: 'write progress to standard output, one JSON object per line' },
  { name: 'quiet', type: 'flag', group: 'Output', help: 'no progress bar: print only the result and errors' },
];

export const trainCommand: Command = {
  name: 'train',
  summary: 'train on normal images, then score test images',
  positionals: [],
  options: OPTIONS,
  help: {
    note: '(the same as node dist/train.js [options])',
    about: [
      'Trains a network on normal images, with images of other things as outlier exposure, then scores',
      'the test images: the higher the score, the more normal. Writes everything to a run folder; open',
      'its report.html.',
    ],
    examples: [
      { what: 'generated blood cells, nothing to download', calls: ['oecl train --dataset demo'] },
      {
        what: 'your own images: DIR/train/good/*, DIR/test/good/*, DIR/test/ANYTHING/*',
        calls: ['oecl train --dataset folder --data DIR --normal good'],
      },
      {
        what: 'normal images only: DIR/train/*',
        calls: ['oecl train --dataset folder --data DIR --protocol all-normal'],
      },
      {
        what: 'Raabin-WBC, neutrophils are normal, trained from scratch with photographs as outliers',
        calls: ['oecl train --dataset raabin --data DIR --normal Neutrophil --method oecl --oe folder:PHOTOS'],
      },
      {
        what: 'every CIFAR-10 class in turn, with their mean; then the same without outlier exposure',
        calls: [
          'oecl train --dataset cifar10 --data DIR --normal all --method oecl',
          'oecl train --dataset cifar10 --data DIR --normal all --method simclr',
        ],
      },
      { what: 'resume after Ctrl-C', calls: ['oecl train --dataset demo --resume'] },
    ],
    lists: [
      { title: 'Methods', entries: METHODS.map(({ name, summary }) => [name, summary]) },
      { title: 'Data sets', entries: DATASETS.map(({ name, summary }) => [name, summary]) },
      {
        title: 'Metrics (in result.json and in the table at the end; normal images should score high)',
        entries: METRIC_NAMES.map((name) => [name, `${METRICS[name].title}: ${METRICS[name].meaning}`]),
      },
    ],
    end: [
      'Exit codes: 0 success, 1 the run failed, 2 wrong options or data,',
      '            130 interrupted (a checkpoint is written; continue with --resume).',
    ],
  },

  /** Returns 0, or 130 when it was interrupted. */
  async run({ values }, host) {
    const call = trainCall(values);
    const where = await placeOf(call, host);
    const adapter = await host.services.describeAdapter(where, call.choices.adapter ?? undefined);
    const config = await configOf(call, host, adapter);
    const screen = values.json ? new JsonScreen(host) : new TextScreen(host, values.quiet === true);
    screen.adapter(adapter, config, call.choices.preset === undefined);
    let outcome: RunOutcome;
    try {
      outcome = await host.services.train(config, call.mode, { ...screen.hooks(), signal: host.signal });
    } finally {
      screen.close();
    }
    screen.outcome(outcome);
    return outcome.interrupted ? 130 : 0;
  },
};

/** Where to train: as given or, with --resume, where the run started. Determined before an adapter is opened. */
async function placeOf({ choices, mode: { resume } }: TrainCall, host: CliHost): Promise<RunConfig['where']> {
  if (choices.where !== undefined || !resume) return choices.where ?? 'node';
  const { out } = resolveConfig(choices, { isSoftware: true });
  return (await readStoredConfig(host.services.files, out)).where;
}

async function configOf(call: TrainCall, host: CliHost, adapter: { isSoftware: boolean }): Promise<RunConfig> {
  const { files } = host.services;
  const { choices, mode } = call;
  if (!mode.resume) return resolveConfig(choices, adapter, await weightsNetwork(files, choices));
  return resumedConfig(await readStoredConfig(files, resolveConfig(choices, adapter).out), choices);
}

/** The display of a run: text for people or JSON lines for programs. */
interface Screen {
  adapter(info: AdapterDescription, config: RunConfig, presetIsDefault: boolean): void;
  hooks(): TrainHooks;
  close(): void;
  outcome(outcome: RunOutcome): void;
}

class TextScreen implements Screen {
  private readonly host: CliHost;
  private readonly progress: Progress | null;
  private phase = '';

  constructor(host: CliHost, quiet: boolean) {
    this.host = host;
    this.progress = quiet ? null : new Progress(host.stderr);
  }

  adapter(info: AdapterDescription, config: RunConfig, presetIsDefault: boolean): void {
    const out = this.host.stdout;
    out.write(`${adapterLine(info)}\n`);
    const isSmall = isTrained(config.method) && ['uniform', 'kaiming-normal'].includes(config.init); // not that of weights
    if (info.isSoftware && presetIsDefault && isSmall) {
      out.write(
        'preset tiny: a small network and small images, because there is no GPU (--preset paper: the published setting)\n',
      );
    }
    const outliers = config.oe === null ? 'no outlier exposure' : `outlier exposure ${config.oe}`;
    out.write(
      `${config.dataset}, ${config.protocol}, normal ${oneLine(config.normal ?? '(the only class)')}; ${config.method}, ${oneLine(outliers)}; ` +
        `${config.arch} x ${config.width}, ${config.precision === 'f16' ? 'f16, ' : ''}${config.size} px, ${trainingOf(config)}, seed ${config.seed}\n`,
    );
  }

  hooks(): TrainHooks {
    let start: RunStart;
    return {
      onLoad: (what, done, total) => {
        this.enter(what, () => this.progress?.begin('load', total, 'images'));
        this.progress?.update(done, what, total);
      },
      onTune: (done, total, kernel) => {
        this.enter('tune', () => this.progress?.begin('tune', total, 'kernels'));
        this.progress?.update(done, kernel);
      },
      onStart: (started) => {
        start = started;
        this.close(); // the previous phase shows its final state
        this.line(startLine(start));
        if (start.steps === 0) return;
        this.enter(`train ${start.run}`, () =>
          this.progress?.begin('train', start.steps, 'images', { perUnit: start.imagesPerStep, done: start.doneSteps }),
        );
      },
      onStep: (metrics) => this.progress?.update(metrics.step, stepText(metrics, start.config.epochs)),
      onFit: (done, total) => {
        this.enter('fit', () => this.progress?.begin('fit', total, 'images'));
        this.progress?.update(done, 'features of the training images');
      },
      onEvaluate: (done, total) => {
        this.enter('score', () => this.progress?.begin('score', total, 'images'));
        this.progress?.update(done);
      },
      onResult: (result, folder) => {
        this.close();
        this.host.stdout.write(`\n${resultText(result, folder)}`);
      },
      onProfile: (table, file) => this.line(`\n${table}trace: ${file} (for about:tracing or ui.perfetto.dev)\n`),
      onNote: (text) => this.line(`note: ${oneLine(text)}`),
    };
  }

  close(): void {
    this.progress?.end();
    this.phase = '';
  }

  outcome({ interrupted, summary, folder }: RunOutcome): void {
    if (interrupted)
      this.host.stderr.write(
        `interrupted; a checkpoint is in ${folder}: continue with the same command and --resume\n`,
      );
    else if (summary) this.host.stdout.write(`\n${summaryText(summary, folder)}`);
  }

  private enter(phase: string, begin: () => void): void {
    if (phase === this.phase) return;
    this.phase = phase;
    begin();
  }

  private line(text: string): void {
    if (this.progress) this.progress.note(text);
    else this.host.stderr.write(`${text}\n`);
  }
}

class JsonScreen implements Screen {
  private readonly host: CliHost;

  constructor(host: CliHost) {
    this.host = host;
  }

  adapter(info: AdapterDescription, config: RunConfig): void {
    this.emit('adapter', { ...info });
    this.emit('config', { ...config });
  }

  hooks(): TrainHooks {
    return {
      onLoad: (what, done, total) => this.emit('load', { what, done, total }),
      onTune: (done, total, kernel) => this.emit('tune', { done, total, kernel }),
      onStart: ({ config: _, ...start }) => this.emit('start', start),
      onStep: (metrics) => this.emit('step', { ...metrics }),
      onFit: (done, total) => this.emit('fit', { done, total }),
      onEvaluate: (done, total) => this.emit('evaluate', { done, total }),
      onResult: (result, folder) => this.emit('result', { folder, ...result }),
      onProfile: (table, file) => this.emit('profile', { table, file }),
      onNote: (text) => this.emit('note', { text }),
    };
  }

  close(): void {}

  outcome({ interrupted, summary, folder }: RunOutcome): void {
    if (summary) this.emit('summary', { folder, ...summary });
    this.emit('end', { interrupted, folder });
  }

  private emit(event: string, fields: object): void {
    this.host.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
  }
}

const trainingOf = ({ method, epochs, batch }: RunConfig): string =>
  isTrained(method) ? `${epochs} epochs, batch ${batch}` : 'nothing is trained';

/** The first line of each run. */
export function adapterLine(adapter: AdapterDescription): string {
  return `adapter: ${adapterName(adapter)} (${adapter.isSoftware ? 'software: no GPU is used' : 'hardware'})`;
}

function startLine({ counts, synthetic, steps, doneSteps, deviceBytes, run, runs, config }: RunStart): string {
  const which = runs > 1 ? `run ${run} of ${runs}, normal ${oneLine(config.normal ?? '')}: ` : '';
  const outliers = counts.oeImages > 0 ? `, ${counts.oeImages} outlier-exposure` : '';
  const resumed = doneSteps > 0 ? `, resumed after step ${doneSteps}` : '';
  const label = synthetic ? ' (synthetic images)' : '';
  return (
    `${which}${counts.trainImages} training${outliers} images, test ${counts.testNormal} normal and ` +
    `${counts.testOutliers} outliers${label}; ${steps > 0 ? `${steps} steps${resumed}; ` : ''}${Math.ceil(deviceBytes / 2 ** 20)} MiB on the device`
  );
}

function stepText(metrics: StepMetrics, epochs: number): string {
  const norms = termCurves(metrics, 'norm').map(({ valueIn }) => valueIn(metrics)!.toFixed(2));
  const shown = norms.length > 0 ? `  norms ${norms.join(' / ')}` : '';
  return `epoch ${metrics.epoch + 1}/${epochs}  loss ${metrics.loss.toFixed(3)}${shown}`;
}

function resultText(result: RunResult, folder: string): string {
  const { in: normal, out: outliers } = result.testImages;
  const tested = outliers > 0 ? `${outliers} outliers` : 'no outliers, so there are no metrics';
  const lines = [
    `${result.synthetic ? 'Synthetic data. ' : ''}Test: ${normal} images of ${oneLine(normalImagesOf(result))}, ${tested}.`,
    '',
    ...(outliers > 0 ? metricLines(result) : []),
    `  ${duration(result.seconds.total)} in total${result.steps > 0 ? `, ${duration(result.seconds.train)} of it training` : ''}`,
    `  ${folder}/report.html`,
    '',
  ];
  return lines.join('\n');
}

/** @param result the result of a test with outliers */
function metricLines(result: RunResult): string[] {
  const row = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(18)}${cells.map((cell) => cell.padEnd(10)).join('')}`.trimEnd();
  const { mainScore } = result;
  return [
    row(
      'score',
      METRIC_NAMES.map((metric) => METRICS[metric].title),
    ),
    ...Object.keys(result.auroc).map((name) =>
      row(
        name,
        METRIC_NAMES.map((metric) => result[metric][name]!.toFixed(3)),
      ),
    ),
    '',
    `  The main score is ${mainScore}; oecl train --help explains the columns.`,
    '',
    `  AUROC against each outlier class, ${mainScore}:`,
    ...Object.entries(result.perOodClass).map(
      ([name, values]) => `    ${oneLine(name).padEnd(15)} ${values[mainScore].toFixed(3)}`,
    ),
    '',
    ...testSetLines(result),
  ];
}

/** For protocols with several test sets. */
function testSetLines({ testSets, mainScore }: RunResult): string[] {
  if (!testSets) return [];
  const shown = (value: number | null) => value?.toFixed(3) ?? 'undefined';
  return [
    `  AUROC of each test set, ${mainScore}:`,
    ...Object.entries(testSets).map(
      ([name, { auroc }]) => `    ${oneLine(name).padEnd(15)} ${shown(auroc[mainScore])}`,
    ),
    '',
  ];
}

function summaryText(summary: RunSummary, folder: string): string {
  const { mainScore, auroc, std, perNormalClass, skipped, testSets = {} } = summary;
  const classes = Object.entries(perNormalClass);
  return [
    `AUROC of ${mainScore} by normal class:`,
    ...classes.map(([name, values]) => `  ${oneLine(name).padEnd(17)} ${values.auroc[mainScore].toFixed(3)}`),
    `  ${`mean of ${classes.length}`.padEnd(18)}${auroc[mainScore].toFixed(3)}    (standard deviation ${std.auroc[mainScore].toFixed(3)})`,
    ...Object.entries(testSets).map(
      ([name, set]) => `    ${`of ${oneLine(name)}`.padEnd(16)}${set.auroc[mainScore].toFixed(3)}`,
    ),
    ...skipped.map(({ normal, reason }) => `  left out: ${oneLine(`${normal} (${reason})`)}`),
    `  ${folder}/result.json`,
    '',
  ].join('\n');
}
