// An optional dependency: the one part that is used, so that types are checked also where it is not installed.
declare module 'koffi' {
  const koffi: { load(path: null): { func(prototype: string): (...args: number[]) => number } };
  export default koffi;
}
