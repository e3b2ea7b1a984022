/**
 * The errors that only the trainer knows, beside those of the runtime. Both are the caller's to mend: exit code 2.
 */
import { OeclError } from '../../runtime/errors.ts';

export { internal, OeclError, UsageError } from '../../runtime/errors.ts';

/** Images, folders or files of a run that are missing, broken or do not fit. */
export class DataError extends OeclError {
  override readonly name: string = 'DataError';
  override readonly exitCode: number = 2;
}

/** A run is to be resumed with other images than it began with. */
export class ChangedDataError extends DataError {
  override readonly name: string = 'ChangedDataError';
}

/** Ctrl-C before there was anything to keep. */
export class InterruptedError extends OeclError {
  override readonly name: string = 'InterruptedError';
  override readonly exitCode: number = 130;
}
