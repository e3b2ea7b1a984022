/** Numbers as people read them, with their units. */

/** 1 image, 1,204 images. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** 0.05 as 5 %, 0.0512 as 5.1 %, unbroken. Never rounds to 100 % or 0 %. */
export function percent(share: number): string {
  const value = share * 100;
  const text = value.toFixed(1);
  if (share > 0 && text === '0.0') return '<\u00a00.1\u00a0%';
  if (share < 1 && text === '100.0') return '>\u00a099.9\u00a0%';
  return `${text.replace(/\.0$/, '')}\u00a0%`;
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  const value = count / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** A score with four significant digits: those of one run often differ in the third. */
export const score = (value: number): string => (Math.abs(value) < 1000 ? value.toPrecision(4) : whole(value));

/** A metric in a table: 0.970. */
export const figure = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(3));

export function moment(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' });
}

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
