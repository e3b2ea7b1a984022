/** The current view, taken from the URL's fragment, so that back, forward and bookmarks work in a static page. */
import { type Signal, signal } from '@preact/signals';

export type ViewName = 'images' | 'train' | 'results' | 'runs';

export interface Route {
  view: ViewName;
  /** The run whose results are shown. */
  folder: string | null;
}

const VIEWS: readonly string[] = ['images', 'train', 'results', 'runs'] satisfies ViewName[];

export function parseRoute(fragment: string): Route {
  const [view, folder] = fragment.replace(/^#/, '').split(/\/(.*)/);
  if (!VIEWS.includes(view)) return { view: 'images', folder: null };
  return { view: view as ViewName, folder: view === 'results' && folder ? decodeURIComponent(folder) : null };
}

export const hrefOf = ({ view, folder }: Route): string =>
  folder === null ? `#${view}` : `#${view}/${encodeURIComponent(folder).replaceAll('%2F', '/')}`;

/** Follows the URL. */
export function watchRoute(): Signal<Route> {
  const route = signal(parseRoute(location.hash));
  addEventListener('hashchange', () => (route.value = parseRoute(location.hash)));
  return route;
}

export function goTo(view: ViewName, folder: string | null = null): void {
  location.hash = hrefOf({ view, folder });
}
