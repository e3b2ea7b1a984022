/** Errors in the page's terms: errors of the library name options as on the command line. */
import { visible } from '../../../base/text.ts';
import { OPTION_LABELS } from './choices.ts';

export interface Problem {
  sentence: string;
  details: readonly string[];
  remedy: string | null;
}

/** An error of the worker, or of the page itself. */
export function problemOf(error: unknown): Problem {
  const { sentence, message, details, remedy } = error as Partial<{
    sentence: string;
    message: string;
    details: readonly string[];
    remedy: string;
  }>;
  return {
    sentence: sentenceCase(inPageWords(visible(sentence ?? message ?? String(error)))),
    details: (details ?? []).map((line) => inPageWords(visible(line))),
    remedy: remedy === undefined ? null : sentenceCase(inPageWords(visible(remedy))),
  };
}

/** `--batch 16` as “Images per step” 16. */
export function inPageWords(text: string): string {
  return text.replace(/,? or another adapter \(--list-adapters\)/, '').replace(/--([a-z-]+)/g, (flag, name: string) => {
    const label = OPTION_LABELS[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    return label === undefined ? flag : `“${label}”`;
  });
}

/** Capitalizes the first word, unless it is a name such as `layer1.0.conv1:`. */
const sentenceCase = (text: string): string =>
  text.replace(/^[a-z]+(?=[ ,])/, (word) => word[0].toUpperCase() + word.slice(1));
