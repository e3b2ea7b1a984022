/** Icons next to text; hidden from screen readers. */
const PATHS = {
  lock: 'M6 10V7.5a4 4 0 0 1 8 0V10M4.5 10h11v7h-11z',
  chip: 'M6 6h8v8H6zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3',
  take: 'M10 3v10M6 9.5l4 4 4-4M4 17h12',
  add: 'M10 4v12M4 10h12',
  folder: 'M3 6a1.5 1.5 0 0 1 1.5-1.5H8l2 2h5.5A1.5 1.5 0 0 1 17 8v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 14.5z',
  image: 'M3.5 4.5h13v11h-13zM4 14l4-4 3 3 2-2 3 3M12.7 8.2h.1',
  warn: 'M10 3.5 17.5 16.5h-15zM10 8.5v4M10 14.6v.1',
  bin: 'M4 6h12M8 6V4h4v2M5.5 6l.8 11h7.4l.8-11M8.5 9v5M11.5 9v5',
  play: 'M7 4.5v11l9-5.5z',
  pause: 'M7 4.5v11M13 4.5v11',
  stop: 'M5.5 5.5h9v9h-9z',
  back: 'M12.5 4.5 7 10l5.5 5.5',
  forward: 'M7.5 4.5 13 10l-5.5 5.5',
  close: 'M5 5l10 10M15 5 5 15',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
