/**
 * The trainer as a package entry, for browsers: `import { train } from 'oecl'`, best in a worker. Paths are relative to the
 * origin's private file system.
 */
import { browserRuntimePlatform } from '../../runtime/platform/browser.ts';
import { browserPlatform } from '../platform/browser.ts';
import { libraryFor } from './library.ts';

export * from './public.ts';
export const { train, loadModel, openScorer, score, scoreEach } = libraryFor({
  runtime: browserRuntimePlatform,
  files: browserPlatform(),
  where: 'browser',
});
