/** A field of the form changed. */
import type { Choices } from '../logic/choices.ts';
import type { Store } from '../state.ts';

export function change(store: Store, values: Partial<Choices>): void {
  store.choices.value = { ...store.choices.value, ...values };
}
