/** Before all tests: dist/, unless it is newer than its sources. Some tests run what users run. */
import { build } from './setup.mjs';

export default function buildForTests() {
  if (build() !== 0) throw new Error('dist/ could not be built: see above');
}
