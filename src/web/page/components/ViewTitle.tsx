/** The heading of a view. It takes the focus when the view is opened, so that a screen reader starts there. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useStore } from '../state.ts';

export function ViewTitle({ children }: { children: ComponentChildren }) {
  const store = useStore();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    scrollTo({ top: 0, behavior: 'instant' });
    // when the page is loaded, the focus stays where the browser put it
    if (store.hasShownView) heading.current?.focus({ preventScroll: true });
    store.hasShownView = true;
  }, [store]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
