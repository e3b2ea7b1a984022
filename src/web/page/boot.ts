/**
 * The page's first script: what must hold before a library is evaluated, then the page itself (main.tsx), and words for
 * every error that nobody caught. The page is never blank.
 */
import { showFailure } from './failure.ts';

// uPlot formats its ticks by navigator.language as it loads, and throws where that is no language tag (Chrome reports
// `en-US@posix` under LANG=C.UTF-8). The page is in English, whatever the browser's language is; so are its charts.
Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });

addEventListener('error', ({ error, message }) => {
  // a browser's way of saying that the rest of a layout waits for the next frame
  if (!message.startsWith('ResizeObserver loop')) showFailure(error ?? message);
});
addEventListener('unhandledrejection', ({ reason }) => showFailure(reason));
void import(new URL('./page.js', import.meta.url).href);
