/** The tensor runtime as a package entry, for browsers: `import ... from 'oecl/runtime'`. */
export * from './index.ts';
export { browserRuntimePlatform as platform } from './platform/browser.ts';
