/** Help texts: examples first, then what each option means, made from the option table. No longer than 100 columns. */
import { UsageError } from '../base/errors.ts';
import { defaultInWords, type OptionSpec, placeholderOf } from '../base/options.ts';
import { nearestName } from '../base/suggest.ts';
import { DATASETS } from '../config/presets.ts';
import { TRAIN_OPTIONS } from '../config/trainOptions.ts';
import { METRIC_NAMES, METRICS } from '../scores/metrics.ts';
import { SERVE_OPTIONS } from './serveOptions.ts';

/** Every command, with its one line. `oecl help COMMAND` and the check of a typed command read this. */
export const COMMANDS = {
  train: 'train on one kind of image, then score test images: the main job',
  serve: 'the page that trains in a browser, on this machine: own images, no upload',
  doctor: 'say which GPU was found, what is missing, and how to get it',
  help: 'this text, or that of a command: oecl help train',
} as const;

export type Command = keyof typeof COMMANDS;

const COLUMNS = 100;

/** The help text of the program, or of one command. @throws UsageError when there is no such command. */
export function helpText(command?: string): string {
  if (command === undefined || command === 'help') return programHelp();
  if (command === 'train') return trainHelp();
  if (command === 'serve') return serveHelp();
  if (command === 'doctor')
    return 'oecl doctor\n\n  Says which GPU was found, what is missing, and how to get it. It takes no options.\n';
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
    'oecl learns what one kind of image looks like, and then tells images that do not belong.',
    'It runs on any GPU that WebGPU reaches, or on none.',
    '',
    'Try it (no download, a few minutes without a GPU):',
    '  oecl train --dataset demo',
    '',
    'Commands:',
    ...commands,
    '  oecl --list-adapters   the GPUs that can be used',
    '  oecl --version',
    '',
    'Exit codes: 0 done, 1 the run failed, 2 the call or the data is wrong, 130 interrupted.',
    '',
  ].join('\n');
}

function trainHelp(): string {
  const groups = [...new Set(TRAIN_OPTIONS.map((option) => option.group))];
  const datasets = Object.entries(DATASETS).map(([name, { summary }]) => entry(name, summary, 12));
  return [
    'oecl train [options]    (the same as node dist/train.js [options])',
    '',
    'Trains a network on normal images alone, helped by images of anything else (outlier exposure),',
    'then scores the test images: the higher the score, the more normal. Everything lands in a run',
    'folder; open its report.html.',
    '',
    'Examples:',
    '  generated blood cells, nothing to download',
    '    oecl train --dataset demo',
    '  your own images: DIR/train/good/*, DIR/test/good/*, DIR/test/ANYTHING/*',
    '    oecl train --dataset folder --data DIR --normal good',
    '  normal images alone: DIR/train/*',
    '    oecl train --dataset folder --data DIR --protocol all-normal',
    '  Raabin-WBC, neutrophils are normal, photographs as outliers',
    '    oecl train --dataset raabin --data DIR --normal Neutrophil --oe folder:PHOTOS',
    '  every CIFAR-10 class in turn, and their mean; then the same without outlier exposure',
    '    oecl train --dataset cifar10 --data DIR --normal all',
    '    oecl train --dataset cifar10 --data DIR --normal all --method simclr',
    '  stopped with Ctrl-C? go on where it was',
    '    oecl train --dataset demo --resume',
    '',
    'Data sets:',
    ...datasets,
    '',
    'Metrics (in result.json, and in the table at the end; normal images should score high):',
    ...METRIC_NAMES.map((name) => entry(name, `${METRICS[name].title}: ${METRICS[name].meaning}`, 12)),
    ...groups.flatMap((group) => ['', `${group}:`, ...TRAIN_OPTIONS.filter((o) => o.group === group).map(optionHelp)]),
    '',
    'Exit codes: 0 done, 1 the run failed, 2 the call or the data is wrong,',
    '            130 interrupted (a checkpoint is written; --resume goes on).',
    '',
  ].join('\n');
}

function serveHelp(): string {
  return [
    'oecl serve [options]',
    '',
    'Serves the page that does in a browser what oecl train does here: drop a folder of images, train,',
    'look at the scores, take the model away. The images go into the storage that the browser keeps for',
    'the page, and nowhere else. It needs a browser with WebGPU. Ctrl-C stops it.',
    '',
    'Options:',
    ...SERVE_OPTIONS.map(optionHelp),
    '',
    'The same files lie in dist/web/: any web server can serve them, below any path.',
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
