/** Help texts: a command's description, then its lists and options, from their tables. At most 100 columns wide. */
import { UsageError } from '../base/errors.ts';
import { defaultInWords, type OptionSpec, placeholderOf } from '../base/options.ts';
import { nearestName } from '../base/suggest.ts';
import type { Command } from './command.ts';
import { usageOf } from './parse.ts';

const COLUMNS = 100;
/** The --help option that every command has. */
const HELP: OptionSpec = { name: 'help', type: 'flag', group: 'Output', help: 'show this help' };
/** A command with fewer options lists them under one heading. */
const FEWEST_GROUPED = 8;

/** @throws UsageError when there is no such command */
export function namedCommand(commands: readonly Command[], name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command) return command;
  const guess = nearestName(
    name,
    commands.map((each) => each.name),
  );
  throw new UsageError(`${name}: there is no such command.`, {
    details: commands.map((each) => `oecl ${each.name.padEnd(8)}${each.summary}`),
    remedy: guess ? `oecl ${guess}` : 'one of these',
  });
}

/** The program's description and its commands. */
export function programHelp(all: readonly Command[]): string {
  const commands = all.map(({ name, summary }) => `  oecl ${name.padEnd(10)}${summary}`);
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

/** A command's description with all of its options. */
export function commandHelp({ name, positionals, options, help }: Command): string {
  const { note, about, examples = [], lists = [], end = [] } = help;
  const usage = ['oecl', name, ...usageOf(positionals), ...(options.length > 0 ? ['[options]'] : [])].join(' ');
  const shown = options.length > 0 ? [...options, HELP] : [];
  const groups =
    shown.length < FEWEST_GROUPED
      ? [{ title: 'Options', members: shown }]
      : [...new Set(shown.map(({ group }) => group))].map((group) => ({
          title: group,
          members: shown.filter((option) => option.group === group),
        }));
  return [
    note ? `${usage}    ${note}` : usage,
    '',
    ...about,
    '',
    ...section(
      'Examples',
      examples.flatMap(({ what, calls }) => [`  ${what}`, ...calls.map((call) => `    ${call}`)]),
    ),
    ...lists.flatMap(({ title, entries }) =>
      section(
        title,
        entries.map(([each, text]) => entry(each, text, Math.max(12, ...entries.map(([name]) => name.length + 4)))),
      ),
    ),
    ...groups.flatMap(({ title, members }) => section(title, members.map(optionHelp))),
    ...end,
    ...(end.length > 0 ? [''] : []),
  ].join('\n');
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? [`${title}:`, ...lines, ''] : [];

function optionHelp(option: OptionSpec): string {
  const isLong = option.type === 'choice' && placeholderOf(option).length > 14;
  const placeholder = isLong ? 'NAME' : placeholderOf(option);
  const values = isLong ? `${placeholderOf(option).replaceAll('|', ', ')}: ` : '';
  const words = defaultInWords(option);
  const fallback = words ? ` [${words}]` : '';
  return entry(`--${option.name} ${placeholder}`.trimEnd(), `${values}${option.help}${fallback}`, 26);
}

/** A name and its description, wrapped in its own column. */
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
