/** `npm run demo`: set-up, then the main job on the built-in data. Further arguments go to the training. */
import { build, install, run } from './setup.mjs';

install();
const code =
  build() || run(process.execPath, ['dist/train.js', '--dataset', 'demo', '--force', ...process.argv.slice(2)]);
process.exit(code);
