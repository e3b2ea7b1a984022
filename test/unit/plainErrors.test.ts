/** Errors as plain data and back: the family survives, even if a minifier renames the classes. */
import { expect, test } from 'vitest';
import * as runtime from '../../runtime/index.ts';
import * as own from '../../src/base/errors.ts';
import { fromPlainError, toPlainError } from '../../src/chrome/protocol.ts';

type Family = new (sentence: string, parts?: runtime.ErrorParts) => runtime.OeclError;
const families = Object.entries<unknown>({ ...runtime, ...own }).filter(
  (entry): entry is [string, Family] => /Error$/.test(entry[0]) && typeof entry[1] === 'function',
);

test.for(families)('%s', ([name, Family]) => {
  const error = new Family('it is so.', { details: ['here'], remedy: 'do that' });
  expect(error.name).toBe(name);
  const back = fromPlainError(JSON.parse(JSON.stringify(toPlainError(error))));
  expect(back).toBeInstanceOf(Family);
  expect([back.name, back.message, back.exitCode]).toEqual([name, error.message, error.exitCode]);
});

test('all families are covered', () => {
  expect(families.map(([name]) => name)).toEqual(expect.arrayContaining(['DataError', 'LimitError', 'OeclError']));
});
