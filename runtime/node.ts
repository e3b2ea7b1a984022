/** The tensor runtime as a package entry, for Node: `import ... from 'oecl/runtime'`. */
export * from './index.ts';
export { nodeRuntimePlatform as platform } from './platform/node.ts';
