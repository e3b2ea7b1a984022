/** As many values as users have: none of them may become the arguments of one call, whose stack they would exhaust. */
import { expect, test } from 'vitest';
import { reachableTensors } from '../../runtime/scopes.ts';
import { oneVsRest } from '../../src/protocols/oneVsRest.ts';

test('tensors are looked for in an array of 200,000 numbers, and in an object of as many', () => {
  const numbers = new Array<number>(200_000).fill(1);
  expect(reachableTensors([numbers, { ...numbers }]).size).toBe(0);
});

test('130,000 classes: the error lists the first of them', () => {
  const classes = Array.from({ length: 130_000 }, (_, i) => `class ${i}`);
  const set = { classes, labels: [0, 1] };
  expect(() => oneVsRest.plan({ train: set, test: set }, undefined)).toThrow(/and 129977 more classes/);
});
