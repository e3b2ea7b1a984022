/** README.md and CONTRIBUTING.md: the commands exist, the calls parse, the example runs. Links: documents.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PRESETS } from '../../src/base/recipe.ts';
import { namedCommand } from '../../src/cli/help.ts';
import { parseCall } from '../../src/cli/parse.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { PROTOCOL_NAMES } from '../../src/protocols/table.ts';
import { FILE } from '../../src/runs/runFolder.ts';
import { trainCall } from '../../src/runs/trainCall.ts';
import { oecl, tinyOptions } from '../helpers/commandLine.ts';
import { tinyDataset } from '../helpers/tinyRun.ts';

const readme = readFileSync('README.md', 'utf8');
const contributing = readFileSync('CONTRIBUTING.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** The lines of the shell blocks of a text, without comments. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/(^| )#.*/, '').trim());
  return lines.filter((line) => line !== '');
}

const commands = commandsOf(readme);
const calls = commands.filter((line) => line.startsWith('node dist/train.js')).map((line) => line.split(/ +/).slice(2));

test('the two commands for a fresh machine are shown', () => {
  expect(commands).toEqual(expect.arrayContaining(['npm run demo', 'npm test']));
});

test.each([...commands, ...commandsOf(contributing)])('%s', (line) => {
  const [, script] = /^npm (?:run )?(\S+)/.exec(line) ?? [];
  if (script) return expect(scripts).toHaveProperty(script);
  expect(line).toMatch(/^([A-Z_]+=\w+ )?(npx (vitest run|biome check|tsc)|node dist\/train\.js)\b/);
  for (const file of line.split(' ').filter((word) => word.startsWith('test/')))
    expect(existsSync(file), file).toBe(true);
});

describe('calls of the command line', () => {
  test('README.md shows some', () => {
    expect(calls.length).toBeGreaterThan(6);
  });

  test.each(calls)('%j', (...args) => {
    if (['--list-adapters', '--help'].includes(args[0])) return expect(args).toHaveLength(1);
    const isBare = args[0].startsWith('-');
    const command = namedCommand(COMMANDS, isBare ? 'train' : args[0]);
    const { values } = parseCall(command, isBare ? args : args.slice(1));
    const { choices } = trainCall(values);
    expect(resolveConfig(choices, { isSoftware: true })).toMatchObject(choices);
  });

  test('the one on own images runs verbatim, with smaller values', async () => {
    const call = calls.find((args) => args.includes('my-images'))!;
    const cwd = await mkdtemp(join(tmpdir(), 'oecl-readme-'));
    await cp(await tinyDataset(), join(cwd, 'my-images'), { recursive: true });
    for (const part of ['train', 'test']) {
      await rename(join(cwd, 'my-images', part, 'stripes'), join(cwd, 'my-images', part, 'good'));
    }
    const small = tinyOptions('', '', {
      dataset: undefined,
      data: undefined,
      normal: undefined,
      out: undefined,
      oe: undefined,
    });
    const { code, stdout } = await oecl([...call, ...small], { cwd });
    expect(code).toBe(0);
    const [, folder] = /^ +(.*)\/report\.html$/m.exec(stdout)!;
    for (const name of Object.values(FILE)) {
      const isOptional = name === FILE.profile || name === FILE.weights; // only with --profile, and with --init FILE
      expect(existsSync(join(cwd, folder, name)), name).toBe(!isOptional);
      expect(readme).toContain(`| \`${name}\` |`);
    }
  });
});

test('every preset and protocol is named', () => {
  for (const name of [...PRESETS, ...PROTOCOL_NAMES]) expect(readme).toContain(`\`${name}\``);
});
