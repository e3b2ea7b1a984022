/** `npm run gradcheck`: the gradient suite alone, with a table of errors and tolerances. `-- --project chrome`: in Chrome. */
import { install, run } from './setup.mjs';

install();
const given = process.argv.slice(2);
const project = given.some((argument) => argument.startsWith('--project')) ? [] : ['--project', 'node'];
process.exit(
  run('npx', ['vitest', 'run', 'test/grad', '--reporter=./test/helpers/gradReporter.ts', ...project, ...given]),
);
