/**
 * Every failure that a user can encounter, one class per family. A message says what was received and what was expected,
 * then lists shapes or files on separate lines, then the remedy. `exitCode` is the exit code of the command line.
 */
export interface ErrorParts {
  /** Indented lines below the sentence: shapes, files, limits. */
  details?: readonly string[];
  /** What the reader can do about it. */
  remedy?: string;
  cause?: unknown;
}

export class OeclError extends Error {
  /** Spelled out in every class, as minifiers rename classes. */
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

/** Tensors whose shapes or types an op cannot use. The sentence starts with the name of the op. */
export class ShapeError extends OeclError {
  override readonly name: string = 'ShapeError';
}

/** A tensor or launch that exceeds a limit of the adapter. */
export class LimitError extends OeclError {
  override readonly name: string = 'LimitError';
  /** If the limit is in bytes: lets callers that know what the size depends on suggest what would fit. */
  readonly bytes: { needed: number; allowed: number } | undefined;

  constructor(
    sentence: string,
    { bytes, ...parts }: ErrorParts & { bytes?: { needed: number; allowed: number } } = {},
  ) {
    super(sentence, parts);
    this.bytes = bytes;
  }
}

/** No adapter, or no suitable one. */
export class AdapterError extends OeclError {
  override readonly name: string = 'AdapterError';
}

/** There are adapters, but none with the requested name. */
export class UnknownAdapterError extends AdapterError {
  override readonly name: string = 'UnknownAdapterError';
  override readonly exitCode: number = 2;
}

/** The device was lost: driver reset, watchdog, out of memory. */
export class DeviceLostError extends OeclError {
  override readonly name: string = 'DeviceLostError';
}

/** A kernel that does not compile, or a call that the GPU rejected: a bug in the runtime, or in a user's WGSL. */
export class KernelError extends OeclError {
  override readonly name: string = 'KernelError';
}

/** An invalid call: an unknown option, an argument of the wrong type, a disposed tensor, a closed context. */
export class UsageError extends OeclError {
  override readonly name: string = 'UsageError';
  override readonly exitCode: number = 2;
}

/** A file that is malformed, or belongs to another model. */
export class FormatError extends OeclError {
  override readonly name: string = 'FormatError';
  override readonly exitCode: number = 2;
}

/** "internal:" marks errors that only our own code can cause. */
export function internal(sentence: string): OeclError {
  return new OeclError(`internal: ${sentence}`, { remedy: 'please report this, with the command that led here' });
}
