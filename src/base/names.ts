/**
 * How names are compared everywhere: parts and classes of a data set, values of options. A name means the candidate that is
 * spelled exactly like it; otherwise the one that is equal up to case, Unicode form (NFC), blanks, underscores and hyphens.
 * If there are several, the name is ambiguous: an error lists them.
 */
import { DataError, UsageError } from './errors.ts';

/**
 * What all spellings of a name have in common. Composed and decomposed accents are equal (NFC; not NFKC: `x²` is not
 * `x2`). Separators vanish inside a name, but keep two numbers apart (`1-2` is not `12`), and a hyphen at either end is
 * part of it (`-ve` is not `ve`).
 */
export function looseName(name: string): string {
  const folded = name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
  const plain = folded.replace(/[\s_-]+/gu, (separators, at: number) => {
    const [before, after] = [folded.slice(0, at), folded.slice(at + separators.length)];
    if (before === '' || after === '') return separators.replace(/[^-]/gu, '');
    return /\p{N}$/u.test(before) && /^\p{N}/u.test(after) ? ' ' : '';
  });
  return plain || folded;
}

/** Whether two names differ only in spelling. */
export const isSameName = (a: string, b: string): boolean => looseName(a) === looseName(b);

/**
 * The candidate that a name refers to, or undefined.
 * @param what the name is given for, as errors call it: `--normal`
 * @throws UsageError when several candidates are spelled like it, and none exactly so
 */
export function findName<T extends string>(what: string, name: string, candidates: readonly T[]): T | undefined {
  const exact = candidates.find((candidate) => candidate === name);
  const alike = exact === undefined ? candidates.filter((candidate) => isSameName(candidate, name)) : [exact];
  if (alike.length < 2) return alike[0];
  throw new UsageError(`${what} ${name}: ${listed(alike)} are spelled like it, and none exactly so.`, {
    remedy: 'one of them, spelled exactly so',
  });
}

const NUMBER = /^\d+$/;

/** Whether any class is named by a number: numbers are then names, not indices. */
export const haveNumbers = (classes: readonly string[]): boolean => classes.some((name) => NUMBER.test(name));

/**
 * The class that a name or an index refers to. If any class is named by a number, numbers are names only: of the classes
 * 0, 1, 10 and 2, index 3 would be "2".
 * @throws UsageError when several classes are spelled like it
 */
export function findClass(name: string, classes: readonly string[]): string | undefined {
  const found = findName('--normal', name, classes);
  const isIndex = NUMBER.test(name) && !haveNumbers(classes);
  return found ?? (isIndex ? classes[Number(name)] : undefined);
}

/** Value of `--normal`: every class in turn. */
export const EVERY_CLASS = 'all';

/** Whether a --normal asks for every class in turn. */
export const isEveryClass = (normal: string | null | undefined): boolean =>
  normal != null && isSameName(normal, EVERY_CLASS);

/** The names of two lists, joined into classes. */
export interface JoinedNames {
  /** In code-unit order. A name in both lists appears once, in the spelling of the first. */
  classes: string[];
  /** The class of a name of the second list; those of the first are classes themselves. */
  classOf(second: string): string;
  /** Pairs of different spellings of one class, from the first and the second list. */
  joined: [string, string][];
  /** Spellings that occur together in one list, so that each is a class of its own. */
  separate: string[][];
}

/**
 * Joins the names of two lists (the class folders of a training and of a test part). Equal names are one class.
 * Two other names, one from each list, that differ only in spelling are one class too.
 * @throws DataError when one name fits several of the other list, and none exactly
 * @param places what the lists are called in errors: `train/`, `test/`
 */
export function joinNames(
  first: readonly string[],
  second: readonly string[],
  places: readonly [string, string],
): JoinedNames {
  const spellings = new Map<string, { first: string[]; second: string[] }>();
  for (const [list, names] of [['first', first] as const, ['second', second] as const]) {
    for (const name of names) {
      const key = looseName(name);
      if (!spellings.has(key)) spellings.set(key, { first: [], second: [] });
      spellings.get(key)![list].push(name);
    }
  }
  const joined: [string, string][] = [];
  const separate: string[][] = [];
  for (const group of spellings.values()) {
    const [ones, others] = [without(group.first, group.second), without(group.second, group.first)];
    if (ones.length === 1 && others.length === 1 && group.first.length === 1 && group.second.length === 1) {
      joined.push([ones[0], others[0]]);
    } else if (ones.length > 0 && others.length > 0) {
      throw ambiguous(ones.map((name) => places[0] + name).concat(others.map((name) => places[1] + name)));
    } else if (new Set([...group.first, ...group.second]).size > 1) {
      separate.push([...new Set([...group.first, ...group.second])].sort());
    }
  }
  const others = new Map(joined.map(([one, other]) => [other, one]));
  const classOf = (name: string) => others.get(name) ?? name;
  return { classes: [...new Set([...first, ...second.map(classOf)])].sort(), classOf, joined, separate };
}

const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));

function ambiguous(paths: readonly string[]): DataError {
  return new DataError(`${listed(paths)}: it is unclear which of them are one class.`, {
    details: ['their names differ only in case, accents, blanks, underscores or hyphens'],
    remedy: 'rename the folders so that a class is spelled the same way in both parts',
  });
}

/** Names as a list in a sentence; names that look the same are told apart. */
export function listed(names: readonly string[]): string {
  const composed = (name: string) => name.normalize('NFC');
  const shown = names.map((name) => {
    const hasTwin = names.some((other) => other !== name && composed(other) === composed(name));
    return hasTwin ? `${name} (${name === composed(name) ? 'composed' : 'decomposed'} accents)` : name;
  });
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
