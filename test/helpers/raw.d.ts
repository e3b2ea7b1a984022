// Vite's `?raw` imports a file as a string, both in Node and in a page.
declare module '*?raw' {
  const text: string;
  export default text;
}
