/** Help texts: examples first, then what each option means, made from the option table. No longer than 100 columns. */
import { UsageError } from '../base/errors.ts';
import { defaultInWords, type OptionSpec, placeholderOf } from '../base/options.ts';
import { nearestName } from '../base/suggest.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import { DATASETS } from '../data/datasets/table.ts';
import { METRIC_NAMES, METRICS } from '../scores/metrics.ts';
import { SERVE_OPTIONS } from './serveOptions.ts';

/** Every command, with its one line. `oecl help COMMAND` and the check of a typed command read this. */
export const COMMANDS = {
  train: 'train on normal images, then score test images',
  serve: 'serve the page that trains in your browser, on this machine, without uploads',
  doctor: 'show which GPU was found, what is missing, and how to get it',
  help: 'show this help, or the help of a command: oecl help train',
} as const;

export type Command = keyof typeof COMMANDS;

const COLUMNS = 100;

/** The help text of the program, or of one command. @throws UsageError when there is no such command. */
export function helpText(command?: string): string {
  if (command === undefined || command === 'help') return programHelp();
  if (command === 'train') return trainHelp();
  if (command === 'serve') return serveHelp();
  if (command === 'doctor')
    return 'oecl doctor\n\n  Shows which GPU was found, what is missing, and how to get it. Takes no options.\n';
  throw unknownCommand(command);
}

export function unknownCommand(command: string): UsageError {
  const names = Object.keys(COMMANDS);
  const guess = nearestName(command, names);
  return new UsageError(`${command}: there is no such command.`, {
    details: names.map((name) => `oecl ${name.padEnd(8)}${COMMANDS[name as Command]}`),
    remedy: guess ? `oecl ${guess}` : 'one of these',
  });
}

function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, summary]) => `  oecl ${name.padEnd(10)}${summary}`);
  return [
    'oecl learns what normal images look like, and finds the images that do not belong.',
    'It runs on any GPU that WebGPU reaches, and on the CPU if there is none.',
    '',
    'Try it (no download, a few minutes without a GPU):',
    '  oecl train --dataset demo',
    '',
    'Commands:',
    ...commands,
    '  oecl --list-adapters   list the adapters (GPUs) that oecl can use',
    '  oecl --version         show the version',
    '',
    'Exit codes: 0 success, 1 the run failed, 2 wrong options or data, 130 interrupted.',
    '',
  ].join('\n');
}

function trainHelp(): string {
  const groups = [...new Set(TRAIN_OPTIONS.map((option) => option.group))];
  const datasets = DATASETS.map(({ name, summary }) => entry(name, summary, 12));
  return [
    'oecl train [options]    (the same as node dist/train.js [options])',
    '',
    'Trains a network on normal images, with images of other things as outlier exposure, then scores',
    'the test images: the higher the score, the more normal. Writes everything to a run folder; open',
    'its report.html.',
    '',
    'Examples:',
    '  generated blood cells, nothing to download',
    '    oecl train --dataset demo',
    '  your own images: DIR/train/good/*, DIR/test/good/*, DIR/test/ANYTHING/*',
    '    oecl train --dataset folder --data DIR --normal good',
    '  normal images only: DIR/train/*',
    '    oecl train --dataset folder --data DIR --protocol all-normal',
    '  Raabin-WBC, neutrophils are normal, photographs as outliers',
    '    oecl train --dataset raabin --data DIR --normal Neutrophil --oe folder:PHOTOS',
    '  every CIFAR-10 class in turn, with their mean; then the same without outlier exposure',
    '    oecl train --dataset cifar10 --data DIR --normal all',
    '    oecl train --dataset cifar10 --data DIR --normal all --method simclr',
    '  resume after Ctrl-C',
    '    oecl train --dataset demo --resume',
    '',
    'Data sets:',
    ...datasets,
    '',
    'Metrics (in result.json and in the table at the end; normal images should score high):',
    ...METRIC_NAMES.map((name) => entry(name, `${METRICS[name].title}: ${METRICS[name].meaning}`, 12)),
    ...groups.flatMap((group) => ['', `${group}:`, ...TRAIN_OPTIONS.filter((o) => o.group === group).map(optionHelp)]),
    '',
    'Exit codes: 0 success, 1 the run failed, 2 wrong options or data,',
    '            130 interrupted (a checkpoint is written; continue with --resume).',
    '',
  ].join('\n');
}

function serveHelp(): string {
  return [
    'oecl serve [options]',
    '',
    'Serves the page that does in your browser what oecl train does here: drop a folder of images, train,',
    'look at the scores, download the model. The images stay in the storage of the page, in your browser.',
    'You need a browser with WebGPU. Stop the server with Ctrl-C.',
    '',
    'Options:',
    ...SERVE_OPTIONS.map(optionHelp),
    '',
    'The files of the page are in dist/web/: you can host them on any web server, under any path.',
    '',
  ].join('\n');
}

function optionHelp(option: OptionSpec): string {
  const isLong = option.type === 'choice' && placeholderOf(option).length > 14;
  const placeholder = isLong ? 'NAME' : placeholderOf(option);
  const values = isLong ? `${placeholderOf(option).replaceAll('|', ', ')}: ` : '';
  const words = defaultInWords(option);
  const fallback = words ? ` [${words}]` : '';
  return entry(`--${option.name} ${placeholder}`.trimEnd(), `${values}${option.help}${fallback}`, 26);
}

/** A name and its text, the text wrapped in a column of its own. */
function entry(name: string, text: string, indent: number): string {
  const lines: string[] = [];
  let line = `  ${name}`.padEnd(indent);
  if (line.length > indent) line += '  ';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > COLUMNS) {
      lines.push(line.trimEnd());
      line = ' '.repeat(indent);
    }
    line += line.endsWith(' ') ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}
