/** The page's colors for a canvas, which does not know CSS variables. */

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
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: color('ink'),
    muted: color('muted'),
    line: color('line'),
    normal: color('normal'),
    outlier: color('outlier'),
    total: color('total'),
    card: color('card'),
    font: `12px ${style.fontFamily}`,
  };
}

/** A translucent color of the theme, `#rrggbb`. @param alpha 0 to 1 */
export const faded = (color: string, alpha: number): string =>
  `${color}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;

/** Calls back when the system switches between light and dark. @returns a function that unsubscribes */
export function onThemeChange(callback: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', callback);
  return () => query.removeEventListener('change', callback);
}
