/** Errors between the page and its worker, both ways: postMessage does not preserve an error's class. */
import { transferHandlers } from 'comlink';
import { fromPlainError, type PlainError, toPlainError } from '../../chrome/protocol.ts';

/** From here on, errors thrown by a call on the other side are rethrown here with the same class. */
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
