/** `oecl score`: scores image files with a trained model and prints one line per image as results arrive. */
import { csvText } from '../base/csv.ts';
import { UsageError } from '../base/errors.ts';
import { type OptionTable, withDefaults } from '../base/options.ts';
import { oneLine } from '../base/text.ts';
import type { TrainedModel } from '../library/model.ts';
import type { ImageScores, ScoreOutcome } from '../library/types.ts';
import { methodNamed } from '../methods/table.ts';
import { scoresWith } from '../scores/state.ts';
import { SCORE_NAMES, scoresOf } from '../scores/table.ts';
import { FALSE_ALARMS } from '../scores/threshold.ts';
import type { CliHost, Command } from './command.ts';
import { Progress } from './progress.ts';

const FORMATS = ['table', 'csv', 'jsonl'] as const;

const OPTIONS: OptionTable = [
  {
    name: 'score',
    type: 'choice',
    choices: SCORE_NAMES,
    group: 'Run',
    default: 'the main score of the run',
    help: 'score of the table and of the verdicts; csv and jsonl have all scores',
  },
  {
    name: 'threshold',
    type: 'number',
    group: 'Run',
    default: 'of the run: 5 % of its normal test images score lower',
    help: 'images that score lower are called outliers',
  },
  {
    name: 'fail-on-outlier',
    type: 'flag',
    group: 'Run',
    help: 'exit with 3 if an image is called an outlier',
  },
  { name: 'skip-bad', type: 'flag', group: 'Run', help: 'skip unreadable images and list them' },
  {
    name: 'adapter',
    type: 'text',
    placeholder: 'NAME',
    group: 'Run',
    default: 'hardware, else lavapipe, else SwiftShader',
    help: 'which GPU, by part of its name; --list-adapters prints them',
  },
  {
    name: 'format',
    type: 'choice',
    choices: FORMATS,
    group: 'Output',
    value: 'table',
    help: 'table for people; csv or jsonl (a JSON object per line) for programs',
  },
  { name: 'quiet', type: 'flag', group: 'Output', help: 'no progress, notes and totals: scores and errors only' },
];

interface Values {
  score?: string;
  threshold?: number;
  failOnOutlier?: boolean;
  skipBad?: boolean;
  adapter?: string;
  format: (typeof FORMATS)[number];
  quiet?: boolean;
}

/** The deciding score, and the threshold below which an image is called an outlier; null without a threshold. */
interface Judge {
  score: string;
  /** Names of all scores of the model. */
  names: readonly string[];
  threshold: number | null;
}

export const scoreCommand: Command = {
  name: 'score',
  summary: 'score images with a trained model, and call outliers',
  positionals: [{ name: 'MODEL' }, { name: 'IMAGES', isRepeated: true }],
  options: OPTIONS,
  help: {
    about: [
      'Scores images with the model of a run: the higher the score, the more normal. MODEL is a run folder',
      'or its model.safetensors; IMAGES are image files, and folders with images in them. Any number of',
      'images needs the same memory: the scores are written as they come. An image that scores below the',
      'threshold is called an outlier.',
    ],
    examples: [
      { what: 'a folder of images', calls: ['oecl score runs/raabin-oecl-Neutrophil-0 new-images'] },
      {
        what: 'every score, for other programs',
        calls: ['oecl score model.safetensors new-images --format csv > scores.csv'],
      },
      {
        what: 'in a script: stop at an outlier',
        calls: ['oecl score model.safetensors part.png --quiet --fail-on-outlier'],
      },
    ],
    end: [
      'Exit codes: 0 success, 1 scoring failed, 2 wrong options or data, 3 --fail-on-outlier found one,',
      '            130 interrupted.',
    ],
  },
  async run({ values, positionals: [path, ...images] }, host) {
    const options = withDefaults(OPTIONS, values) as unknown as Values;
    const model = await host.services.loadModel(path);
    const judge = judgeOf(model, options);
    await host.services.describeAdapter('node', options.adapter);
    return scoreAll(host, model, images, options, judge);
  },
};

/** @throws UsageError when the model lacks the score, or the threshold that the call requires */
function judgeOf(model: TrainedModel, { score: asked, threshold, failOnOutlier }: Values): Judge {
  const all = scoresOf(model.config.method);
  const names = scoresWith(all, model.scores?.states ?? {}).map(({ name }) => name);
  const score = asked ?? model.scores?.main ?? methodNamed(model.config.method).mainScore;
  if (!all.some(({ name }) => name === score)) {
    const { method } = model.config;
    throw new UsageError(`--score ${score}: ${model.file} is of the method ${method}, which has no such score.`, {
      remedy: `--score with one of ${names.join(', ')}`,
    });
  }
  if (!names.includes(score)) {
    throw new UsageError(`${model.file}: it holds nothing of its training images, which ${score} compares with.`, {
      remedy: `--score with one of ${names.join(', ')}, or a model of this version`,
    });
  }
  const judge = { score, names, threshold: threshold ?? model.scores?.thresholds[score] ?? null };
  if (judge.threshold !== null || !failOnOutlier) return judge;
  throw new UsageError(`--fail-on-outlier: ${model.file} has no threshold of ${score}.`, {
    details: ['it is stored by runs that test normal images'],
    remedy: '--threshold X: images that score lower are called outliers',
  });
}

async function scoreAll(
  host: CliHost,
  model: TrainedModel,
  images: readonly string[],
  { format, quiet, skipBad, adapter, failOnOutlier, threshold }: Values,
  judge: Judge,
): Promise<number> {
  const progress = quiet ? null : new Progress(host.stderr);
  const lines = FORMATTERS[format](judge);
  const totals = { images: 0, outliers: 0, skipped: 0 };
  const say = (text: string) => progress?.note(oneLine(text));
  let total: number | null = null;
  const onProgress = (done: number, of: number) => {
    if (total === null) progress?.begin('score', of, 'images');
    total = of;
    progress?.update(done);
  };
  const take = ({ scores, skipped, notes }: ScoreOutcome) => {
    for (const note of notes) say(`note: ${note}`);
    for (const { file, reason } of skipped) say(`skipped ${file}: ${reason}`);
    totals.images += scores.length;
    totals.skipped += skipped.length;
    totals.outliers += scores.filter((image) => isOutlier(judge, image)).length;
    const write = () => host.stdout.write(lines(scores));
    if (progress) progress.above(write);
    else write();
  };
  let isInterrupted = false;
  try {
    const options = { adapter, skipBad, onProgress, signal: host.signal };
    for await (const part of host.services.scoreEach(model, images, options)) {
      isInterrupted = part.interrupted;
      take(part);
    }
  } finally {
    progress?.end();
  }
  if (isInterrupted) {
    host.stderr.write(`interrupted: ${totals.images} of ${total ?? 'the'} images are scored\n`);
    return 130;
  }
  if (!quiet) host.stderr.write(`${totalsText(totals, judge, threshold === undefined ? model : null)}\n`);
  return failOnOutlier && totals.outliers > 0 ? 3 : 0;
}

const isOutlier = ({ score, threshold }: Judge, image: ImageScores): boolean =>
  threshold !== null && image[score] < threshold;

const verdictOf = (judge: Judge, image: ImageScores): string => (isOutlier(judge, image) ? 'outlier' : 'normal');

/** Each formats the lines of some images, with a header before the first. */
const FORMATTERS: Record<Values['format'], (judge: Judge) => (images: readonly ImageScores[]) => string> = {
  table: (judge) => {
    const row = (score: string, verdict: string, image: string) =>
      `${score.padStart(14)}  ${judge.threshold === null ? '' : `${verdict.padEnd(7)}  `}${image}\n`;
    return withHeader(row(judge.score, 'verdict', 'image'), (image) =>
      row(image[judge.score].toPrecision(6), verdictOf(judge, image), oneLine(image.image)),
    );
  },
  csv: (judge) => {
    const verdict = (text: string) => (judge.threshold === null ? [] : [text]);
    return withHeader(`${['image', ...judge.names, ...verdict('verdict')].join()}\n`, (image) => {
      const values = judge.names.map((name) => String(image[name]));
      return `${[csvText(image.image), ...values, ...verdict(verdictOf(judge, image))].join()}\n`;
    });
  },
  jsonl: (judge) =>
    withHeader('', (scored) => {
      const { image, ...scores } = scored;
      const verdict = judge.threshold === null ? {} : { verdict: verdictOf(judge, scored) };
      return `${JSON.stringify({ image, scores, ...verdict })}\n`;
    }),
};

function withHeader(header: string, line: (image: ImageScores) => string) {
  let before = header;
  return (images: readonly ImageScores[]) => {
    const text = before + images.map(line).join('');
    before = '';
    return text;
  };
}

/** @param model the model that the threshold comes from; null when the user gave it */
function totalsText(
  { images, outliers, skipped }: Record<'images' | 'outliers' | 'skipped', number>,
  { score, threshold }: Judge,
  model: TrainedModel | null,
): string {
  const parts = [`${images} ${images === 1 ? 'image' : 'images'} scored`];
  if (threshold !== null) {
    const origin = model
      ? `, below which ${FALSE_ALARMS * 100} % or less of the run's ${model.scores!.thresholdImages} normal test images lie`
      : '';
    const what = outliers === 1 ? 'outlier' : 'outliers';
    parts.push(`${outliers} called ${what} (${score} below ${Number(threshold.toPrecision(6))}${origin})`);
  }
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return parts.join('; ');
}
