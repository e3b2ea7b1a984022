/**
 * The trainer's own errors, in addition to those of the runtime.
 */
import { OeclError } from '../../runtime/errors.ts';

export { internal, OeclError, UsageError } from '../../runtime/errors.ts';

/** Images, folders or files of a run are missing, damaged or inconsistent. */
export class DataError extends OeclError {
  override readonly name: string = 'DataError';
  override readonly exitCode: number = 2;
}

/** A run was to be resumed with different images than it started with. */
export class ChangedDataError extends DataError {
  override readonly name: string = 'ChangedDataError';
}

/** Interrupted before there was anything to save. */
export class InterruptedError extends OeclError {
  override readonly name: string = 'InterruptedError';
  override readonly exitCode: number = 130;
}
