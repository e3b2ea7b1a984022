/** The trainer as a package entry, for Node: `import { train } from 'oecl'`. Paths are the file system's. */
import { nodeRuntimePlatform } from '../../runtime/platform/node.ts';
import { nodePlatform } from '../platform/node.ts';
import { libraryFor } from './library.ts';

export * from './public.ts';
export const { train, loadModel, openScorer, score, scoreEach } = libraryFor({
  runtime: nodeRuntimePlatform,
  files: nodePlatform(),
  where: 'node',
});
