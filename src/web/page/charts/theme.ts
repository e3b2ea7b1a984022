/** The page's colours for a canvas, which knows no CSS variables. */

export interface ChartTheme {
  ink: string;
  muted: string;
  line: string;
  normal: string;
  outlier: string;
  total: string;
  card: string;
  font: string;
}

export function chartTheme(element: Element): ChartTheme {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour('ink'),
    muted: colour('muted'),
    line: colour('line'),
    normal: colour('normal'),
    outlier: colour('outlier'),
    total: colour('total'),
    card: colour('card'),
    font: `12px ${style.fontFamily}`,
  };
}

/** A colour of the theme, `#rrggbb`, seen through. @param alpha 0 to 1 */
export const faded = (colour: string, alpha: number): string =>
  `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;

/** Calls back when the reader's system turns light or dark. @returns how to stop */
export function onThemeChange(callback: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', callback);
  return () => query.removeEventListener('change', callback);
}
