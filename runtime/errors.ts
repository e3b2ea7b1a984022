/**
 * Every failure that a user can meet, one class a family. A message says what was got and what was expected, then the
 * shapes or files on lines of their own, then the remedy. `exitCode` is what a command line ends with.
 */
export interface ErrorParts {
  /** Lines shown below the sentence, indented: shapes, files, limits. */
  details?: readonly string[];
  /** What the reader can do about it. */
  remedy?: string;
  cause?: unknown;
}

export class OeclError extends Error {
  /** Written out in every family: a minifier renames classes. */
  override readonly name: string = 'OeclError';
  readonly exitCode: number = 1;
  readonly sentence: string;
  readonly details: readonly string[];
  readonly remedy: string | undefined;

  constructor(sentence: string, parts: ErrorParts = {}) {
    const lines = [sentence, ...(parts.details ?? []).map((line) => `  ${line}`)];
    if (parts.remedy) lines.push(`  Remedy: ${parts.remedy}`);
    super(lines.join('\n'), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.sentence = sentence;
    this.details = parts.details ?? [];
    this.remedy = parts.remedy;
  }
}

/** Tensors that do not fit an operation. The sentence starts with the operation's name. */
export class ShapeError extends OeclError {
  override readonly name: string = 'ShapeError';
}

/** A tensor or launch beyond what the adapter allows. */
export class LimitError extends OeclError {
  override readonly name: string = 'LimitError';
  /** Where bytes are the limit: whoever knows what the tensor's size hangs on can say what would fit. */
  readonly bytes: { needed: number; allowed: number } | undefined;

  constructor(
    sentence: string,
    { bytes, ...parts }: ErrorParts & { bytes?: { needed: number; allowed: number } } = {},
  ) {
    super(sentence, parts);
    this.bytes = bytes;
  }
}

/** No adapter, or none that serves. */
export class AdapterError extends OeclError {
  override readonly name: string = 'AdapterError';
}

/** There are adapters, but none of the name that was asked for. */
export class UnknownAdapterError extends AdapterError {
  override readonly name: string = 'UnknownAdapterError';
  override readonly exitCode: number = 2;
}

/** The device went away: driver reset, watchdog, too little memory. */
export class DeviceLostError extends OeclError {
  override readonly name: string = 'DeviceLostError';
}

/** A kernel that does not compile, or a call that the GPU rejected: ours to mend. */
export class KernelError extends OeclError {
  override readonly name: string = 'KernelError';
}

/** A call that cannot be right: an unknown option, an argument of another kind, a tensor or context that is gone. */
export class UsageError extends OeclError {
  override readonly name: string = 'UsageError';
  override readonly exitCode: number = 2;
}

/** A file that is not what it claims to be, or of another model. */
export class FormatError extends OeclError {
  override readonly name: string = 'FormatError';
  override readonly exitCode: number = 2;
}

/** "internal:" marks what only our own code can cause. */
export function internal(sentence: string): OeclError {
  return new OeclError(`internal: ${sentence}`, { remedy: 'please report this, with the command that led here' });
}
