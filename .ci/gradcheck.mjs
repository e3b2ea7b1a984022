/** `npm run gradcheck`: the gradient suite alone, with a table of errors and tolerances. */
import { install, run } from './setup.mjs';

install();
process.exit(
  run('npx', ['vitest', 'run', 'test/grad', '--reporter=./test/helpers/gradReporter.ts', ...process.argv.slice(2)]),
);
