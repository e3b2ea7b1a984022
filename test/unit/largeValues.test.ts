/** Realistic numbers of values: they must not be spread into the arguments of one call, which would exhaust its stack. */
import { expect, test } from 'vitest';
import { reachableTensors } from '../../runtime/scopes.ts';
import { oneVsRest } from '../../src/protocols/oneVsRest.ts';

test('tensors are found in an array and in an object of 200,000 numbers', () => {
  const numbers = new Array<number>(200_000).fill(1);
  expect(reachableTensors([numbers, { ...numbers }]).size).toBe(0);
});

test('an error about 130,000 classes lists the first of them', () => {
  const classes = Array.from({ length: 130_000 }, (_, i) => `class ${i}`);
  const set = { classes, labels: [0, 1] };
  expect(() => oneVsRest.plan({ train: set, test: set }, undefined)).toThrow(/and 129977 more classes/);
});
