/**
 * A machine that goes to sleep takes the training with it. While one is under way the screen stays on; what a browser does
 * not offer, or a low battery forbids, is done without.
 */
import { effect } from '@preact/signals';

/** @param isNeeded of signals, which are followed */
export function keepAwakeWhile(isNeeded: () => boolean): void {
  let lock: WakeLockSentinel | null = null;
  let turn = Promise.resolve();
  const follow = async () => {
    if (!isNeeded()) {
      await lock?.release();
      lock = null;
    } else if (document.visibilityState === 'visible' && (lock === null || lock.released)) {
      lock = await navigator.wakeLock.request('screen');
    }
  };
  // one after the other: a training may end while its lock is still being asked for
  const update = () => {
    turn = turn.then(follow).catch(() => {});
  };
  effect(() => {
    isNeeded();
    update();
  });
  document.addEventListener('visibilitychange', update); // a hidden page has lost its lock
}
