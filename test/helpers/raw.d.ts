// Vite's `?raw`: a file imported as its text, in Node and in a page alike.
declare module '*?raw' {
  const text: string;
  export default text;
}
