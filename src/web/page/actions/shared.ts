/** Shared by all actions: showing errors where the action was requested, and announcing them to screen readers. */
import { problemOf } from '../logic/problem.ts';
import type { Place, Store } from '../state.ts';

export function announce(store: Store, text: string): void {
  store.announcement.value = text;
}

export function clearProblem(store: Store, place: Place): void {
  const { [place]: _, ...others } = store.problems.value;
  store.problems.value = others;
}

export function showProblem(store: Store, place: Place, error: unknown): void {
  store.problems.value = { ...store.problems.value, [place]: problemOf(error) };
}

/** Runs an action and shows its errors at the given place. @returns whether it succeeded */
export async function attempt(store: Store, place: Place, action: () => Promise<void>): Promise<boolean> {
  clearProblem(store, place);
  try {
    await action();
    return true;
  } catch (error) {
    showProblem(store, place, error);
    return false;
  }
}
