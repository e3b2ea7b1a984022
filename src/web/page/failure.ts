/** Shows an error that no view handles at the top of the page, without anything that may have failed to load. */

export const RELOAD = 'Reload the page; if that does not help, use a current Chrome, Edge, Firefox or Safari.';

/** Shows an error, in place of an earlier one. */
export function showFailure(error: unknown): void {
  const isStarting = document.querySelector('#start') !== null;
  const box = document.createElement('div');
  box.id = 'failure';
  box.className = 'notice bad';
  box.setAttribute('role', 'alert');
  box.append(
    paragraph(isStarting ? 'This page could not start.' : 'Something in this page failed.', 'strong'),
    paragraph(error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
    paragraph(`What to do: ${RELOAD}`),
  );
  document.querySelector('#start')?.remove();
  document.querySelector('#failure')?.remove();
  document.body.prepend(box);
}

function paragraph(words: string, tag = 'span'): HTMLElement {
  const [line, text] = [document.createElement('p'), document.createElement(tag)];
  text.textContent = words;
  line.append(text);
  return line;
}
