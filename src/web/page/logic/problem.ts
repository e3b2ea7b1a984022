/** What went wrong, in the page's words: errors of the library speak of options as the command line spells them. */
import { OPTION_LABELS } from './choices.ts';

export interface Problem {
  family: string;
  sentence: string;
  details: readonly string[];
  remedy: string | null;
}

/** An error of the worker, or of the page itself. */
export function problemOf(error: unknown): Problem {
  const { name, sentence, message, details, remedy } = error as Partial<{
    name: string;
    sentence: string;
    message: string;
    details: readonly string[];
    remedy: string;
  }>;
  return {
    family: name ?? '',
    sentence: inPageWords(sentence ?? message ?? String(error)),
    details: (details ?? []).map(inPageWords),
    remedy: remedy === undefined ? null : capital(inPageWords(remedy)),
  };
}

/** `--batch 16` as “Images a step” 16. */
export function inPageWords(text: string): string {
  return text.replace(/,? or another adapter \(--list-adapters\)/, '').replace(/--([a-z-]+)/g, (flag, name: string) => {
    const label = OPTION_LABELS[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    return label === undefined ? flag : `“${label}”`;
  });
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
