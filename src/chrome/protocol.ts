/**
 * The messages between a training worker and its driver: plain data that survives JSON, so that it can be sent with
 * postMessage or over HTTP.
 */
import {
  AdapterError,
  DeviceLostError,
  FormatError,
  internal,
  KernelError,
  LimitError,
  ShapeError,
  UnknownAdapterError,
} from '../../runtime/index.ts';
import type { AdapterDescription } from '../base/adapter.ts';
import { ChangedDataError, DataError, InterruptedError, OeclError, UsageError } from '../base/errors.ts';
import type { RunConfig } from '../config/config.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import type { OpenMode } from '../runs/runFolder.ts';

/** Commands to the worker. `stop`: finish the step, write a checkpoint, end. */
export type Command =
  | { type: 'adapter'; wanted?: string }
  | { type: 'train'; config: RunConfig; mode: OpenMode; folders: { cacheFolder: string; dataFolder: string | null } }
  | { type: 'stop' };

/** The hooks that are forwarded, by name, with their arguments. */
export type HookName = Exclude<keyof TrainHooks, 'signal'>;
type HookEvent = { [Name in HookName]: { type: 'hook'; name: Name; args: Parameters<Required<TrainHooks>[Name]> } };

/** Events from the worker. */
export type WorkerEvent =
  | { type: 'ready' }
  | { type: 'adapter'; info: AdapterDescription }
  | HookEvent[HookName]
  | { type: 'done'; outcome: RunOutcome }
  | { type: 'failed'; error: PlainError };

/** An error without its class. */
export interface PlainError {
  family: string;
  sentence: string;
  details: readonly string[];
  remedy?: string;
  stack?: string;
}

const FAMILIES = {
  OeclError,
  AdapterError,
  UnknownAdapterError,
  ChangedDataError,
  DataError,
  DeviceLostError,
  FormatError,
  InterruptedError,
  KernelError,
  LimitError,
  ShapeError,
  UsageError,
};

export function toPlainError(error: unknown): PlainError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (!(error instanceof OeclError)) return { family: '', sentence: String(error), details: [], stack };
  const { name, sentence, details, remedy } = error;
  return { family: name, sentence, details, remedy, stack };
}

/** Restores the error, with the same class and exit code. */
export function fromPlainError({ family, sentence, details, remedy, stack }: PlainError): OeclError {
  const Family = Object.hasOwn(FAMILIES, family) ? FAMILIES[family as keyof typeof FAMILIES] : null;
  const error = Family ? new Family(sentence, { details, remedy }) : internal(sentence);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Hooks that turn each call into an event. */
export function tellingHooks(tell: (event: WorkerEvent) => void, signal: AbortSignal): Required<TrainHooks> {
  const hook =
    <Name extends HookName>(name: Name) =>
    (...args: Parameters<Required<TrainHooks>[Name]>) =>
      tell({ type: 'hook', name, args } as unknown as WorkerEvent);
  return {
    onLoad: hook('onLoad'),
    onTune: hook('onTune'),
    onStart: hook('onStart'),
    onStep: hook('onStep'),
    onFit: hook('onFit'),
    onEvaluate: hook('onEvaluate'),
    onResult: hook('onResult'),
    onProfile: hook('onProfile'),
    onNote: hook('onNote'),
    signal,
  };
}

/** Calls the hook that an event stands for. */
export function callHook(hooks: TrainHooks, { name, args }: HookEvent[HookName]): void {
  (hooks[name] as ((...args: unknown[]) => void) | undefined)?.(...args);
}
