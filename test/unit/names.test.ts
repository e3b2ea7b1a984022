/** How names are compared, and the folder names derived from them. */
import { describe, expect, test } from 'vitest';
import { folderName, folderNames } from '../../src/base/folderNames.ts';
import { findClass, findName, isEveryClass, isSameName, joinNames, listed } from '../../src/base/names.ts';

const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];

describe('names', () => {
  test.each([
    ['Bottle', 'bottle'],
    ['blood cell', 'blood_cell'],
    ['blood-cell', 'BloodCell'],
    ['blood  cell', 'Blood_Cell_'],
    [composed, decomposed],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['1-2', '1_2'],
    ['test_A', 'Test-A'],
  ])('%s and %s are the same', (a, b) => {
    expect(isSameName(a, b)).toBe(true);
  });

  test.each([
    ['c#', 'c++'],
    ['01', '1'],
    ['1-2', '12'],
    ['-ve', 've'],
    ['-ve', '+ve'],
    ['x²', 'x2'],
    [composed, 'cafe'],
    ['_', '__'],
    ['', '_'],
  ])('%s and %s are not', (a, b) => {
    expect(isSameName(a, b)).toBe(false);
  });

  test('an exact match wins, then a single equal name; several equal names are an error that lists them', () => {
    expect(findName('--x', 'bottle', ['Bottle', 'bottle'])).toBe('bottle');
    expect(findName('--x', 'BOTTLE', ['cup', 'Bottle'])).toBe('Bottle');
    expect(findName('--x', 'can', ['cup'])).toBeUndefined();
    expect(() => findName('--x', 'BOTTLE', ['Bottle', 'bottle'])).toThrow(
      /^--x BOTTLE: Bottle and bottle are spelled like it[\s\S]*Remedy: one of them/,
    );
    expect(listed([composed, decomposed])).toBe(
      `${composed} (composed accents) and ${decomposed} (decomposed accents)`,
    );
  });

  test('a number is an index only if no class name is a number', () => {
    expect(findClass('1', ['cat', 'dog'])).toBe('dog');
    expect(findClass('2', ['cat', 'dog'])).toBeUndefined();
    expect(findClass('1', ['01', '02', '03'])).toBeUndefined();
    expect(findClass('3', ['0', '1', '10', '2'])).toBeUndefined();
    expect(findClass('10', ['0', '1', '10', '2'])).toBe('10');
    expect(findClass('0', ['cat', '7'])).toBeUndefined();
    expect([isEveryClass('ALL'), isEveryClass('al'), isEveryClass(null)]).toEqual([true, false, false]);
  });

  test('two lists are joined where one name of each is equal, kept separate where one list has both, and refused where unclear', () => {
    const join = (first: string[], second: string[]) => {
      const { classes, joined, separate } = joinNames(first, second, ['train/', 'test/']);
      return { classes, joined, separate };
    };
    expect(join(['Bottle'], ['bottle', 'broken'])).toEqual({
      classes: ['Bottle', 'broken'],
      joined: [['Bottle', 'bottle']],
      separate: [],
    });
    expect(join(['a'], ['a']).joined).toEqual([]);
    for (const [first, second] of [
      [['Bottle', 'bottle'], ['bottle']],
      [['Bottle'], ['Bottle', 'bottle']],
      [['Bottle', 'bottle'], []],
    ]) {
      expect(join(first, second)).toEqual({
        classes: ['Bottle', 'bottle'],
        joined: [],
        separate: [['Bottle', 'bottle']],
      });
    }
    expect(() => join(['Bottle', 'bottle'], ['BOTTLE'])).toThrow(/train\/Bottle, train\/bottle and test\/BOTTLE/);
    expect(() => join(['Bottle'], ['bottle', 'BOTTLE'])).toThrow(/it is unclear which of them are one class/);
    expect(() => join(['Bottle', 'bottle'], ['bottle', 'BOTTLE'])).toThrow(/train\/Bottle and test\/BOTTLE/);
  });
});

describe('folders', () => {
  test.each(['Neutrophil', 'blood_cell', 'a.b-c', composed, '日本語', '01', '-ve'])(
    '%s is its own folder name',
    (name) => {
      expect(folderName(name)).toBe(name);
    },
  );

  test.each([
    ['c#', 'c~23'],
    ['c++', 'c~2B~2B'],
    ['blood cell', 'blood~20cell'],
    ['~', '~7E'],
    ['..', '~2E~2E'],
    ['.hidden', '~2Ehidden'],
    ['ends.', 'ends~2E'],
    ['ends ', 'ends~20'],
    ['NUL', '~4EUL'],
    ['con.txt', '~63on.txt'],
    ['com1', '~63om1'],
    ['console', 'console'],
    [decomposed, 'cafe~CC~81'],
    ['a/b\\c:d', 'a~2Fb~5Cc~3Ad'],
    ['\u202e\x1b', '~E2~80~AE~1B'],
    ['Mu\udcf1oz', 'Mu~F1oz'],
  ])('%j becomes %s', (name, folder) => {
    expect(folderName(name)).toBe(folder);
  });

  test('no two names share a folder, whatever names a file system treats as equal', () => {
    const pieces = [
      'a',
      'A',
      'é',
      'e\u0301',
      ' ',
      '_',
      '.',
      '~',
      '#',
      '+',
      '2',
      'E',
      'ß',
      'ss',
      'SS',
      'nul',
      'İ',
      '\udcf1',
      '\udc80',
      '\ud800',
    ];
    const names = ['', ...pieces, ...pieces.flatMap((one) => pieces.map((other) => one + other))];
    const long = ['x', 'X'].map((last) => 'n'.repeat(300) + last);
    const all = [...new Set([...names.slice(1), ...long, 'config.json', 'CONFIG.JSON'])];
    const folders = [...folderNames(all, ['config.json']).values()];
    const folded = folders.map((folder) => folder.normalize('NFC').toUpperCase().toLowerCase());
    expect(new Set(folded).size).toBe(all.length);
    expect(folded).not.toContain('config.json');
    for (const folder of folders) {
      expect(new TextEncoder().encode(folder).length).toBeLessThanOrEqual(100);
      expect(folder).not.toMatch(/[<>:"/\\|?*\s]|^\.|\.$|^nul$/i);
    }
  });

  test('names are escaped for case only where they differ in nothing else', () => {
    expect(Object.fromEntries(folderNames(['Bottle', 'bottle', 'Cup']))).toEqual({
      Bottle: '~42ottle',
      bottle: 'bottle',
      Cup: 'Cup',
    });
  });
});
