/**
 * The layers, checked by reading lines: shaders <- runtime <- src, and inside runtime the table below. An import may point
 * to its own layer or to one before. Also where the host's services, WebGPU's types and module state may appear.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DATASET_NAMES } from '../../src/data/datasets/table.ts';
import { METHOD_NAMES } from '../../src/methods/table.ts';
import { PROTOCOL_NAMES } from '../../src/protocols/table.ts';
import { SCORE_NAMES } from '../../src/scores/table.ts';

/** Files and folders of runtime/, from left to right. Each file belongs to the single line that names it or its folder. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors.ts', 'half.ts', 'dtype.ts', 'shape.ts', 'random.ts'],
  ['platform/'],
  ['device/'],
  ['variants.ts', 'kernel/'],
  ['plan/'],
  ['autograd/tape.ts', 'tensor.ts', 'arguments.ts', 'launch.ts', 'scopes.ts', 'context.ts'],
  ['ops/'],
  ['autograd/backward.ts'],
  ['nn/', 'optim/'],
  ['gradcheck/', 'profile/', 'safetensors/', 'tune/'],
  ['index.ts'],
  ['node.ts', 'browser.ts'],
];

/**
 * The rooms of src/, from left to right, as CONTRIBUTING.md lists them. `report/` is left of `runs/`, as a run ends with
 * its report.
 */
const ROOMS: readonly (readonly string[])[] = [
  ['base'],
  ['platform'],
  ['data'],
  ['augment'],
  ['models'],
  ['methods'],
  ['scores'],
  ['protocols'],
  ['config'],
  ['train'],
  ['report'],
  ['runs'],
  ['library'],
  ['serve', 'chrome', 'cli', 'web'],
];

/** What runtime/README.md does not count as the core: hosts, the ops and layers of networks, optimizers, satellites. */
const OUTSIDE_THE_CORE = ['platform/', 'nn/', 'optim/', 'gradcheck/', 'profile/', 'safetensors/', 'tune/'];
const MOST_CORE_LINES = 4000;

/** Files of src/ that bypass runtime/index.ts or use the host: the entry points of a process or worker. */
const ENTRIES = {
  'src/cli/main.ts': 'the entry point in Node: arguments, streams, signals, exit code, and which platform is used',
  'src/web/drivenWorker.ts': 'the entry point of the worker in Chrome',
  'src/web/page/main.tsx': 'the entry point of the page',
  'src/web/page/worker/worker.ts': "the entry point of the page's worker",
  'src/library/node.ts': "the package's entry in Node",
  'src/library/browser.ts': "the package's entry in browsers",
  'src/cli/doctor.ts': 'called by main.ts alone: reports on this machine and its adapters',
};
const PLATFORM_FOLDERS = ['runtime/platform/', 'src/platform/', 'src/serve/', 'src/chrome/'];
/** The page has a document and a window; its worker does not belong to it. */
const isPage = (path: string): boolean => path.startsWith('src/web/page/') && !path.startsWith('src/web/page/worker/');

interface SourceFile {
  path: string;
  text: string;
  imports: { to: string; isTypeOnly: boolean }[];
}

const root = new URL('../..', import.meta.url);

function filesIn(folder: string): SourceFile[] {
  const names = readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(new URL(path, root), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    });
}

/** Names in braces, each with the word `type` before it. */
const ONLY_TYPES = /^\{(\s*type \w+( as \w+)?,?)+\s*\}$/;

/** `import` and `export ... from` lines, `import()` and `require()` too; relative ones as paths from the root. */
function importsOf(path: string, text: string): SourceFile['imports'] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:([^;'"]*?)\sfrom\s+)?['"]([^'"]+)['"]/gm);
  const calls = text.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g);
  const found = [
    ...[...statements].map(([, type, names, to]) => ({ to, isTypeOnly: type !== undefined || ONLY_TYPES.test(names) })),
    ...[...calls].map(([, to]) => ({ to, isTypeOnly: false })),
  ];
  return found.map(({ to, isTypeOnly }) => ({
    to: to.startsWith('.') ? posix.join(posix.dirname(path), to) : to,
    isTypeOnly,
  }));
}

/** Cycles of value imports, one for each file that closes one. */
function circlesIn(files: readonly SourceFile[]): string[][] {
  const importsAt = new Map(files.map(({ path, imports }) => [path, imports.filter(({ isTypeOnly }) => !isTypeOnly)]));
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const seenAt = way.indexOf(path);
    if (seenAt >= 0) circles.push([...way.slice(seenAt), path]);
    if (seenAt >= 0 || done.has(path)) return;
    for (const { to } of importsAt.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return circles;
}

/** The code without comments and quoted strings; lines keep their numbers. */
function codeOf(text: string): string {
  const noise = /\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
  return text.replace(noise, (match) => match.replace(/[^\n]/g, ' '));
}

/** `path:line  text` of every line whose code matches. */
function linesWith(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return codeOf(text)
      .split('\n')
      .flatMap((code, i) => (pattern.test(code) ? [`${path}:${i + 1}  ${lines[i].trim()}`] : []));
  });
}

const runtime = filesIn('runtime');
const src = filesIn('src');

test('the line reader detects what it is meant to detect', () => {
  const text = "import a from './a.ts';\nimport type { B } from '../b.ts';\nexport {\n  c,\n} from 'c'; // './no.ts'\n";
  expect(importsOf('x/y.ts', text)).toEqual([
    { to: 'x/a.ts', isTypeOnly: false },
    { to: 'b.ts', isTypeOnly: true },
    { to: 'c', isTypeOnly: false },
  ]);
  expect(importsOf('x/y.ts', "import { type A, type B } from './d.ts';")).toEqual([{ to: 'x/d.ts', isTypeOnly: true }]);
  expect(importsOf('x/y.ts', "import { type A, b } from './d.ts';")).toEqual([{ to: 'x/d.ts', isTypeOnly: false }]);
  expect(importsOf('x/y.ts', "import './d.ts';\nawait import('./e.ts');")).toHaveLength(2);
  expect(codeOf("a('process.env'); // process.env\n/* process */ b").trim()).toMatch(/^a\( +\); +\n +b$/);
  expect(runtime.length).toBeGreaterThan(30);
  expect(runtime.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
});

describe('runtime', () => {
  const layerOf = (path: string): number => {
    const name = path.slice('runtime/'.length);
    return LAYERS.findIndex((layer) =>
      layer.some((entry) => (entry.endsWith('/') ? name.startsWith(entry) : name === entry)),
    );
  };

  test('every file has a place in the table', () => {
    expect(runtime.filter(({ path }) => layerOf(path) < 0).map(({ path }) => path)).toEqual([]);
    const empty = LAYERS.flat().filter((entry) => !runtime.some(({ path }) => path.startsWith(`runtime/${entry}`)));
    expect(empty, 'entries of the table without a file').toEqual([]);
  });

  test('imports point left, including type imports', () => {
    const right = runtime.flatMap(({ path, imports }) =>
      imports
        .filter((each) => each.to.startsWith('runtime/') && layerOf(each.to) > layerOf(path))
        .map(({ to }) => `${path} imports ${to}`),
    );
    expect(right).toEqual([]);
  });

  test('runtime/README.md lists every file of the core, with its lines (vitest -u updates them)', async () => {
    const readme = readFileSync(new URL('runtime/README.md', root), 'utf8');
    const core = runtime
      .map(({ path, text }) => ({ name: path.slice('runtime/'.length), lines: text.split('\n').length - 1 }))
      .filter(({ name }) => !OUTSIDE_THE_CORE.some((folder) => name.startsWith(folder)));
    const listed = [...readme.matchAll(/^\| `([\w/]+\.ts)` \|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(core.map(({ name }) => name).toSorted());
    const placeOf = (path: string) => listed.indexOf(path.slice('runtime/'.length));
    const later = runtime.flatMap(({ path, imports }) =>
      imports
        .filter(({ to, isTypeOnly }) => !isTypeOnly && placeOf(path) >= 0 && placeOf(to) > placeOf(path))
        .map(({ to }) => `${path} imports ${to}`),
    );
    expect(later, 'in reading order, a file comes after those whose values it imports').toEqual([]);
    const total = core.reduce((sum, { lines }) => sum + lines, 0);
    expect(total).toBeLessThanOrEqual(MOST_CORE_LINES);
    for (const folder of OUTSIDE_THE_CORE) expect(readme).toContain(`- \`${folder}\`: `);
    const counted = core.reduce(
      (text, { name, lines }) => text.replace(new RegExp(`^(\\| \`${name}\` \\|) \\d+`, 'm'), `$1 ${lines}`),
      readme.replace(/^[\d,]+ lines\./m, `${total.toLocaleString('en')} lines.`),
    );
    await expect(counted).toMatchFileSnapshot('../../runtime/README.md');
  });

  test('imports nothing outside but shaders and packages', () => {
    const outside = runtime.flatMap(({ path, imports }) =>
      imports.filter(({ to }) => /^(\.\.|src|test|bench)\b/.test(to)).map(({ to }) => `${path} imports ${to}`),
    );
    expect(outside).toEqual([]);
  });
});

/** Imports of src/ that still point right. */
const PENDING: string[] = [];

describe('src', () => {
  test('every file is in a room, and imports point to its own room or to one before', () => {
    const roomOf = (path: string): number => ROOMS.findIndex((rooms) => rooms.includes(path.split('/')[1]));
    expect(src.filter(({ path }) => roomOf(path) < 0).map(({ path }) => path)).toEqual([]);
    const right = src.flatMap(({ path, imports }) =>
      imports
        .filter(({ to }) => to.startsWith('src/') && roomOf(to) > roomOf(path))
        .map(({ to }) => `${path} imports ${to}`),
    );
    expect(right.sort()).toEqual(PENDING);
  });

  test('imports only runtime/index.ts from runtime, except that errors.ts imports the errors, which need no shader', () => {
    const deep = src
      .filter(({ path }) => !(path in ENTRIES))
      .flatMap(({ path, imports }) =>
        imports
          .filter(({ to }) => to.startsWith('runtime/') && to !== 'runtime/index.ts')
          .filter(({ to }) => !(path === 'src/base/errors.ts' && to === 'runtime/errors.ts'))
          .map(({ to }) => `${path} imports ${to}`),
      );
    expect(deep).toEqual([]);
    const entries = src.filter(({ path }) => path in ENTRIES).flatMap(({ imports }) => imports.map(({ to }) => to));
    const reached = new Set(entries.filter((to) => to.startsWith('runtime/')));
    expect([...reached].sort()).toEqual([
      'runtime/index.ts',
      'runtime/platform/browser.ts',
      'runtime/platform/node.ts',
    ]);
  });

  test('its entry points are imported only by entry points', () => {
    const importers = src.flatMap(({ path, imports }) =>
      imports.filter(({ to }) => to in ENTRIES && !(path in ENTRIES)).map(({ to }) => `${path} imports ${to}`),
    );
    expect(importers).toEqual([]);
    expect(Object.keys(ENTRIES).filter((path) => !src.some((file) => file.path === path))).toEqual([]);
  });

  test('names no GPU type', () => {
    expect(linesWith(src, /\bGPU[A-Z]\w*/)).toEqual([]);
  });
});

test('has no import cycles of values', () => {
  expect(circlesIn([...runtime, ...src])).toEqual([]);
  const file = (path: string, ...to: string[]) => ({
    path,
    text: '',
    imports: to.map((each) => ({ to: each, isTypeOnly: false })),
  });
  const [a, b, c, d] = [file('a', 'b'), file('b', 'c', 'd'), file('c', 'a'), file('d')];
  expect(circlesIn([a, b, c, d])).toEqual([['a', 'b', 'c', 'a']]);
  expect(circlesIn([a, b, { ...c, imports: [{ to: 'a', isTypeOnly: true }] }, d])).toEqual([]);
});

test('never branches on the name of a method, score, data set or protocol: differences live in its own file', () => {
  const names = [...METHOD_NAMES, ...SCORE_NAMES, ...DATASET_NAMES, ...PROTOCOL_NAMES].join('|');
  const asks = new RegExp(`\\b\\w*(method|score|dataset|protocol)\\w*(\\.\\w+)*\\)? *[!=]==? *'(${names})'`, 'i');
  const found = src.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (asks.test(line) ? [`${path}:${i + 1}  ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
  for (const line of [
    "if (config.method === 'simclr')",
    "(stored ?? { dataset }).dataset !== 'folder'",
    "protocol == 'all-normal'",
  ])
    expect(line).toMatch(asks);
});

test('only the page imports the page', () => {
  const importers = src
    .filter(({ path }) => !isPage(path))
    .flatMap(({ path, imports }) =>
      imports.filter(({ to }) => isPage(to) && !to.endsWith('/thrown.ts')).map(({ to }) => `${path} imports ${to}`),
    );
  expect(importers).toEqual([]);
});

test('has no module state: no variables, empty collections or mutated constants outside functions and classes', () => {
  const all = [...runtime, ...src.filter(({ path }) => !(path in ENTRIES))]; // a process is entered once
  expect(linesWith(all, /^(export )?(let|var)\b/)).toEqual([]);
  const collection = /^(export )?const [^=]+= *(\[\]|\{\}|new (Weak)?(Map|Set)\b|new \w*Array\b)/;
  expect(linesWith(all, collection)).toEqual([]);
  expect(linesWith(all, /^ {2}(private |public |#)?static (?!readonly|async|get )[\w#]+\s*[:=;]/)).toEqual([]);
  const written = all.flatMap((file) => {
    const names = [...codeOf(file.text).matchAll(/^(?:export )?const (\w+)/gm)].map(([, name]) => name);
    if (names.length === 0) return [];
    const change = `(?:[.[][^=;(]*)(?<![=!<>])(?:[-+*/|&^]|\\?\\?)?=(?!=|>)|\\.(?:push|pop|shift|unshift|splice|sort|set|add|delete|clear|fill)\\(`;
    return linesWith([file], new RegExp(`(?<![\\w.$])(?:${names.join('|')})(?:${change})`));
  });
  expect(written).toEqual([]);
});

test("numbers and dates name their locale, and sorting uses none: the machine's locale may be invalid or different", () => {
  const tag = /\.toLocale\w*\((?!\s*'en)|\bIntl\.\w+\((?!\s*'en)|\.localeCompare\(|navigator\.languages?\b(?!')/;
  const users = [...runtime, ...src].flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) =>
        tag.test(line) && !/^\s*(\/\/|\*)/.test(line) ? [`${path}:${i + 1}  ${line.trim()}`] : [],
      ),
  );
  expect(users).toEqual([]);
  expect(
    ['a.toLocaleString()', 'new Intl.NumberFormat(x)', 'a.localeCompare(b)', 'navigator.language'].every((code) =>
      tag.test(code),
    ),
  ).toBe(true);
});

describe('the host', () => {
  const others = [...runtime, ...src].filter(
    ({ path }) => !(path in ENTRIES) && !isPage(path) && !PLATFORM_FOLDERS.some((folder) => path.startsWith(folder)),
  );

  test("Node's modules are imported only in platform folders and entry points", () => {
    const users = others.flatMap(({ path, imports }) =>
      imports.filter(({ to }) => to.startsWith('node:')).map(({ to }) => `${path} imports ${to}`),
    );
    expect(users).toEqual([]);
  });

  // A bare word may be a variable (a convolution's window); a global is recognized by how it is used.
  test.each(['process', 'navigator', 'window', 'document', 'globalThis'])('%s is used only there', (name) => {
    const use = new RegExp(`(?<![\\w.$#])(${name}\\s*(\\?\\.|\\.|\\[)|typeof ${name}\\b)|[=(,] *${name} *[;)]`);
    const declared = new RegExp(`\\b(const|let) ${name}\\b|[({,] *${name}[:,)]`);
    expect(
      linesWith(
        others.filter(({ text }) => !declared.test(codeOf(text))),
        use,
      ),
    ).toEqual([]);
  });
});
