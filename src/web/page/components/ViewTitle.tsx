/** The heading of a view. It takes the focus when the view is opened, so that a screen reader starts there. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export function ViewTitle({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    scrollTo({ top: 0, behavior: 'instant' });
    // on the page's own first load the focus stays where the browser has put it
    if (document.documentElement.dataset.moved) heading.current?.focus({ preventScroll: true });
    document.documentElement.dataset.moved = 'yes';
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
