/**
 * The page's first script: sets what libraries expect, loads the page itself (main.tsx), and shows
 * every uncaught error. The page is never blank.
 */
import { showFailure } from './failure.ts';

// uPlot reads navigator.language when it loads, and throws where that is not a language tag (Chrome reports
// `en-US@posix` under LANG=C.UTF-8). The page is in English, whatever the browser's language is; so are its charts.
Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });

addEventListener('error', ({ error, message }) => {
  // harmless: the rest of a layout is deferred to the next frame
  if (!message.startsWith('ResizeObserver loop')) showFailure(error ?? message);
});
addEventListener('unhandledrejection', ({ reason }) => showFailure(reason));
void import(new URL('./page.js', import.meta.url).href);
