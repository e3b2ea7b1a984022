// A .wgsl file is imported as its text, by esbuild's text loader and by vitest's plugin alike.
declare module '*.wgsl' {
  const source: string;
  export default source;
}
