/**
 * What documents, comments and help texts refer to exists: documents, their sections and anchors, files, and
 * command-line options.
 */
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HELP as BENCH_HELP } from '../../bench/options.ts';
import { HELP as RESULTS_HELP } from '../../bench/resultsPage.ts';
import { commandHelp, programHelp } from '../../src/cli/help.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { repositoryFiles, type TextFile } from '../helpers/repository.ts';

const files = repositoryFiles();
const documents = files.filter(({ path }) => path.endsWith('.md'));
/** This file gives wrong references as examples. */
const citing = files.filter(({ path }) => path !== 'test/unit/documents.test.ts');
const headingsOf = (text: string): string[] => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);

/** `docs/methods.md 1.1 and 1.3`, also across a comment's line break, as [section, ...]. */
function citedSections(text: string): string[] {
  const inOneLine = text.replace(/\n\s*(\*|\/\/)\s?/g, ' ');
  const lists = inOneLine.matchAll(/docs\/methods\.md (\d+(?:\.\d+)?(?:(?:, | and |, and )\d+(?:\.\d+)?)*)/g);
  return [...lists].flatMap(([, list]) => list.match(/\d+(\.\d+)?/g)!);
}

/** The anchor that GitHub derives from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** The targets of a document's broken relative links. */
function brokenLinks({ path, text }: TextFile): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return targets.filter((target) => {
    if (/^https?:/.test(target)) return false;
    const [file, anchor] = target.split('#');
    const at = file === '' ? path : posix.join(posix.dirname(path), file);
    if (!existsSync(at)) return true;
    const headings = headingsOf(documents.find((document) => document.path === at)?.text ?? '');
    return anchor !== undefined && !headings.map(anchorOf).includes(anchor);
  });
}

/** The options in a text; `i--` and CSS custom properties do not count. */
const optionsOf = (text: string): string[] =>
  [...text.matchAll(/(?<![\w)\]-])--[a-zA-Z][\w-]*/g)].map(([name]) => name);

const OWN_OPTIONS = COMMANDS.flatMap(({ options }) => options.map(({ name }) => `--${name}`));
/** Options outside the tables: every command has the first; the others belong to no command. */
const OWN_WITHOUT_TABLE = ['--help', '--list-adapters', '--version'];
/** Options of other programs that the documents call. */
const OTHER_PROGRAMS = ['--project', '--quick', '--write', '--noEmit'];
/** How comments refer to an arbitrary option. */
const PLACEHOLDER = '--name';
const known = new Set([...OWN_OPTIONS, ...OWN_WITHOUT_TABLE]);

describe('documents', () => {
  test('every cited document exists', () => {
    const missing = citing.flatMap(({ path, text }) =>
      [...text.matchAll(/[\w./-]*\w\.md\b/g)]
        .map(([cited]) => cited)
        .filter((cited) => !existsSync(cited) && !existsSync(posix.join(posix.dirname(path), cited)))
        .map((cited) => `${path}: ${cited}`),
    );
    expect(missing).toEqual([]);
  });

  test('every cited section of docs/methods.md is a heading there', () => {
    const { text } = documents.find(({ path }) => path === 'docs/methods.md')!;
    const sections = new Set(headingsOf(text).flatMap((heading) => heading.match(/^\d+(\.\d+)?/)?.[0] ?? []));
    const cited = citing.flatMap((file) => citedSections(file.text).map((section) => ({ path: file.path, section })));
    expect(cited.length).toBeGreaterThan(20);
    expect(cited.filter(({ section }) => !sections.has(section))).toEqual([]);
    expect(citedSections('// docs/methods.md 1.1\n // and 7 say')).toEqual(['1.1', '7']);
  });

  test.each(documents.map(({ path }) => path))(
    '%s: every relative link points to an existing file and heading',
    (path) => {
      expect(brokenLinks(documents.find((document) => document.path === path)!)).toEqual([]);
    },
  );

  test('a link to a missing file or heading is detected', () => {
    const text = '# One\n[a](#one) [b](#two) [c](nowhere.md) [d](https://example.org) [e](../README.md#no-such)';
    expect(brokenLinks({ path: 'docs/methods.md', text })).toEqual(
      expect.arrayContaining(['#two', 'nowhere.md', '../README.md#no-such']),
    );
  });
});

test('every file of the repository that a document or a comment names exists', () => {
  const missing = citing.flatMap(({ path, text }) => {
    const named = [
      ...text.matchAll(
        /(?<![\w./-])(?:test|runtime|src|shaders|bench|docs)\/[\w./-]*\.(?:ts|tsx|mjs|wgsl|svg|html)\b/g,
      ),
      ...(path.endsWith('.md') ? text.matchAll(/(?<=`)(?:runtime|src|shaders|bench|docs)\/[\w./-]*(?=`)/g) : []),
    ].map(([name]) => name);
    const tests = [...text.matchAll(/(?<![\w./-])\w+\.test\.ts\b/g)].map(([name]) => name);
    return [
      ...named.filter((name) => !existsSync(name)),
      ...tests.filter((name) => !files.some((file) => file.path.endsWith(`/${name}`))),
    ].map((name) => `${path}: ${name}`);
  });
  expect(missing).toEqual([]);
});

describe('command-line options', () => {
  test.each(documents.map(({ path }) => path))('%s names options that exist', (path) => {
    const allowed = new Set([...known, ...OTHER_PROGRAMS, ...optionsOf(BENCH_HELP), ...optionsOf(RESULTS_HELP)]);
    const { text } = documents.find((document) => document.path === path)!;
    expect(optionsOf(text).filter((option) => !allowed.has(option))).toEqual([]);
  });

  const helps = [['oecl', programHelp(COMMANDS)], ...COMMANDS.map((command) => [command.name, commandHelp(command)])];
  test.each(helps)('the help of %s names options that exist', (_, text) => {
    expect(optionsOf(text).filter((option) => !known.has(option))).toEqual([]);
  });

  test('messages and comments of src/ name options that exist', () => {
    const unknown = files
      // the first holds CSS, the others call Chrome
      .filter(({ path }) => /^src\/.*\.tsx?$/.test(path) && !/^src\/(report\/style|chrome\/\w+)\.ts$/.test(path))
      .flatMap(({ path, text }) => optionsOf(text).map((option) => `${path}: ${option}`))
      .filter((line) => !known.has(line.split(': ')[1]) && !line.endsWith(` ${PLACEHOLDER}`));
    expect(unknown).toEqual([]);
  });

  test('an option that does not exist is detected', () => {
    expect(optionsOf('`--data DIR`, i--; --no-such-option').filter((option) => !known.has(option))).toEqual([
      '--no-such-option',
    ]);
  });
});
