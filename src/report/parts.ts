/** Building blocks of the report's sections. */
import { escapeHtml } from './plot.ts';

/** A boxed section: heading, one sentence, content. */
export function card(title: string, text: string, parts: readonly string[]): string {
  return `<div class="card"><h3>${escapeHtml(title)}</h3><p>${escapeHtml(text)}</p>${parts.join('')}</div>`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** 1,234, or with a noun: "1 outlier", "38 outliers". */
export function count(value: number, noun?: string): string {
  const figure = value.toLocaleString('en-US');
  return noun === undefined ? figure : `${figure} ${noun}${value === 1 ? '' : 's'}`;
}
