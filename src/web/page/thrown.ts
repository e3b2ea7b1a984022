/** Errors between the page and its worker, both ways: an error's class does not survive postMessage, its words must. */
import { transferHandlers } from 'comlink';
import { fromPlainError, type PlainError, toPlainError } from '../../chrome/protocol.ts';

/** From here on, what a call throws on the other side is thrown here, as an error of the same family. */
export function carryErrors(): void {
  const { canHandle } = transferHandlers.get('throw')!; // knows Comlink's own mark of what was thrown
  transferHandlers.set('throw', {
    canHandle,
    serialize: ({ value }: { value: unknown }) => [{ value: toPlainError(value) }, []],
    deserialize({ value }: { value: PlainError }): never {
      throw fromPlainError(value);
    },
  });
}
