/** Vitest runs this before each test file: the file's record starts empty, and is compared with FEATURES.md at its end. */
import { afterAll, type RunnerTestSuite } from 'vitest';
import { checkClaims, startRecord } from './claims.ts';

startRecord();

// biome-ignore lint/correctness/noEmptyPattern: Vitest rejects any other unused first parameter
afterAll(({}, file) => checkClaims(file as RunnerTestSuite));
