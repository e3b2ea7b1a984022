/**
 * Keeps the screen on during training, so that the machine does not go to sleep. Where a browser does
 * not support this, or a low battery prevents it, training continues without.
 */
import { effect } from '@preact/signals';

/** @param isNeeded reads signals, which are tracked */
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
  // sequentially: training may end while its lock is still being requested
  const update = () => {
    turn = turn.then(follow).catch(() => {});
  };
  effect(() => {
    isNeeded();
    update();
  });
  document.addEventListener('visibilitychange', update); // a hidden page has lost its lock
}
