/**
 * The run folder: its contents, and when it may be written. Whole files are replaced atomically, so a reader, a full disk
 * or a power failure never leaves half a file; only metrics.jsonl grows, and a partial last line is dropped on resume.
 * A stored run is never lost by accident: it is continued (--resume) or replaced (--force) on request only.
 */
import { DataError, OeclError, UsageError } from '../base/errors.ts';
import { folderNames } from '../base/folderNames.ts';
import { parseObject } from '../base/json.ts';
import { configJson, type RunConfig, storedConfig } from '../config/config.ts';
import type { FolderClaim, Platform } from '../platform/platform.ts';
import { currentResult, type RunResult, type RunSummary, type ScoreTable } from '../report/result.ts';
import { parseScoresCsv, type ScoredImage, scoresCsv } from '../report/scoresCsv.ts';
import { type Checkpoint, decodeCheckpoint } from '../train/checkpoint.ts';
import type { StepMetrics } from '../train/stepMetrics.ts';
import { parseMetrics } from './metricsLines.ts';

/** What a run folder needs from a platform. */
export type RunFiles = Pick<
  Platform,
  | 'exists'
  | 'readFile'
  | 'writeFileAtomic'
  | 'appendFile'
  | 'removeFile'
  | 'removeEmptyFolder'
  | 'claimFolder'
  | 'releaseFolder'
>;

export const FILE = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  /** A copy of the file that --init names. */
  weights: 'initial.safetensors',
  scores: 'scores.csv',
  result: 'result.json',
  report: 'report.html',
  profile: 'profile.json',
} as const;

/** Written and removed to test write access. */
const PROBE = '.probe';

export interface OpenMode {
  resume: boolean;
  force: boolean;
  /** Profiles some steps. */
  profile?: boolean;
  /** Resumes although the images have changed, and records the change. */
  acceptChangedData?: boolean;
}

type OnNote = (text: string) => void;

export class RunFolder {
  readonly path: string;
  #state: 'new' | 'resumed' | 'finished' = 'new';
  private readonly files: RunFiles;
  readonly mode: OpenMode;
  private pending: string[] = [];
  /** Folders created for this run, innermost first. */
  private made: string[] = [];
  private isClaimed = false;
  /** Written by `begin`. */
  private initialWeights: Uint8Array | null = null;
  private readonly onNote: OnNote;

  private constructor(files: RunFiles, path: string, mode: OpenMode, onNote: OnNote) {
    this.onNote = onNote;
    this.files = files;
    this.path = path;
    this.mode = mode;
  }

  /**
   * Locks the folder of `config.out` for a run until `release`, and tests write access. Nothing in it changes before
   * `begin`, so a mistaken call cannot destroy an earlier run.
   * @throws UsageError when another process is writing to it, when it holds a run and neither --resume nor --force was given,
   *   when --resume finds no run, or when the folder is not writable. OeclError when the disk is full.
   */
  static async open(files: RunFiles, config: RunConfig, mode: OpenMode, onNote: OnNote = () => {}): Promise<RunFolder> {
    const path = config.out;
    const has = (file: string) => files.exists(`${path}/${file}`);
    if (mode.resume && !(await has(FILE.config))) throw noRun(path);
    const folder = new RunFolder(files, path, mode, onNote);
    if (mode.resume && (await has(FILE.result))) {
      folder.#state = 'finished'; // nothing will be written
      return folder;
    }
    await folder.claim();
    try {
      await folder.check();
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return folder;
  }

  private async claim(): Promise<void> {
    const { files, path } = this;
    for (let at = path; at !== '' && !(await files.exists(at)); at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) {
      this.made.push(at);
    }
    await this.guard(path, async () => {
      const claim = await files.claimFolder(path);
      if (!claim.isOurs) throw inUse(path, claim);
      this.isClaimed = true;
      if (claim.takenOver === null) return;
      this.onNote(`${path}: ${claim.takenOver} ended without releasing it (it was killed, or lost power); taken over`);
    });
  }

  /** The state of the folder once it is locked. @throws UsageError like `open` */
  private async check(): Promise<void> {
    const { files, path, mode } = this;
    const [isRun, isFinished, hasCheckpoint] = await Promise.all(
      [FILE.config, FILE.result, FILE.checkpoint].map((file) => files.exists(this.at(file))),
    );
    if (!mode.resume && !mode.force && (isFinished || (isRun && hasCheckpoint))) {
      throw new UsageError(`${path}: it holds ${isFinished ? 'a finished' : 'an interrupted'} run.`, {
        remedy: `${isFinished ? '' : '--resume to continue, '}--force to replace it, or --out with another folder`,
      });
    }
    if (mode.resume) this.#state = isFinished ? 'finished' : hasCheckpoint ? 'resumed' : 'new';
    await this.guard(path, async () => {
      await files.writeFileAtomic(this.at(PROBE), new Uint8Array(1));
      await files.removeFile(this.at(PROBE));
    });
  }

  async release(): Promise<void> {
    if (!this.isClaimed) return;
    this.isClaimed = false;
    await this.files.releaseFolder(this.path);
  }

  /** New, to be continued from its checkpoint, or already finished and left unchanged. */
  get state(): 'new' | 'resumed' | 'finished' {
    return this.#state;
  }

  /** The copy of the file with initial weights that a run which is resumed has; null when there is none. */
  async keptWeights(): Promise<Uint8Array | null> {
    const file = this.at(FILE.weights);
    return this.mode.resume && (await this.files.exists(file)) ? this.files.readFile(file) : null;
  }

  /** The copy to write when the run begins. */
  keepWeights(bytes: Uint8Array): void {
    this.initialWeights = bytes;
  }

  /** Writes config.json, and before it the initial weights to keep. For a new run, first removes the files of an earlier run. */
  async begin(config: RunConfig): Promise<void> {
    if (this.state === 'new') {
      await this.guard(this.path, async () => {
        for (const file of Object.values(FILE)) await this.files.removeFile(this.at(file));
      });
    }
    if (this.initialWeights) await this.write(FILE.weights, this.initialWeights);
    await this.writeConfig(config);
    this.made = [];
  }

  /** Replaces only config.json. */
  writeConfig(config: RunConfig): Promise<void> {
    return this.write(FILE.config, configJson(config));
  }

  /** Unlocks the folder, and removes it if the run never began. */
  async discard(): Promise<void> {
    await this.release();
    for (const path of this.made) await this.files.removeEmptyFolder(path);
  }

  /**
   * The folder of one of several runs, inside this one. With --resume, a run that never began starts from scratch.
   * @param config the run's own configuration, its `out` set by `childPaths`
   */
  async child(config: RunConfig): Promise<RunFolder> {
    const isBegun = await this.files.exists(`${config.out}/${FILE.config}`);
    const mode = isBegun ? this.mode : { ...this.mode, resume: false };
    return RunFolder.open(this.files, config, mode, this.onNote);
  }

  /** Paths of the runs of several classes: all different, and none collides with a file of this run. */
  childPaths(classNames: readonly string[]): Map<string, string> {
    const folders = folderNames(classNames, Object.values(FILE));
    return new Map([...folders].map(([name, folder]) => [name, `${this.path}/${folder}`]));
  }

  /** Queues a line of metrics.jsonl; `flushMetrics` writes it. */
  addMetrics(metrics: StepMetrics): void {
    this.pending.push(JSON.stringify(metrics));
  }

  /** Appends the queued lines: once per epoch or second is enough, and always before a checkpoint. */
  async flushMetrics(): Promise<void> {
    if (this.pending.length === 0) return;
    const text = `${this.pending.join('\n')}\n`;
    await this.guard(this.at(FILE.metrics), () => this.files.appendFile(this.at(FILE.metrics), encode(text)));
    this.pending = [];
  }

  /**
   * Truncates metrics.jsonl to the steps that a checkpoint covers, and returns them. Drops a partial last line and, with a
   * note, everything from the first damaged line on.
   * @throws DataError when a step that the checkpoint covers is missing or damaged
   */
  async truncateMetrics(lastStep: number): Promise<StepMetrics[]> {
    const file = this.at(FILE.metrics);
    const isThere = await this.files.exists(file);
    const text = isThere ? new TextDecoder().decode(await this.files.readFile(file)) : '';
    const { metrics, damaged } = parseMetrics(text);
    if (metrics.length < lastStep) throw damagedMetrics(file, damaged, metrics.length, lastStep);
    if (damaged !== null) {
      this.onNote(
        `${file}:${damaged}: the line is damaged; the file is cut back to step ${lastStep} of the checkpoint`,
      );
    }
    const kept = metrics.slice(0, lastStep);
    await this.write(FILE.metrics, kept.map((each) => `${JSON.stringify(each)}\n`).join(''));
    return kept;
  }

  /** The latest checkpoint of the stored run; null for a new run or when there is none. @throws FormatError */
  async checkpoint(): Promise<Checkpoint | null> {
    const file = this.at(FILE.checkpoint);
    if (this.state === 'new' || !(await this.files.exists(file))) return null;
    return decodeCheckpoint(await this.files.readFile(file), file);
  }

  async readResult(): Promise<RunResult> {
    const text = async (file: string) => new TextDecoder().decode(await this.files.readFile(this.at(file)));
    const result = parseObject<RunResult>(await text(FILE.result), this.at(FILE.result), NEW_RUN);
    if (!(await this.files.exists(this.at(FILE.scores)))) return result; // the mean over several runs has no scores
    return currentResult(result, parseScoresCsv(await text(FILE.scores), this.at(FILE.scores)));
  }

  /** Flushes the metrics, then replaces the checkpoint, so it never covers a step that is missing from metrics.jsonl. */
  async writeCheckpoint(bytes: Uint8Array): Promise<void> {
    await this.flushMetrics();
    await this.write(FILE.checkpoint, bytes);
  }

  writeModel(bytes: Uint8Array): Promise<void> {
    return this.write(FILE.model, bytes);
  }

  writeScores(images: readonly ScoredImage[], scores: ScoreTable): Promise<void> {
    return this.write(FILE.scores, scoresCsv(images, scores));
  }

  writeReport(html: string): Promise<void> {
    return this.write(FILE.report, html);
  }

  /** A Chrome trace, for about:tracing and ui.perfetto.dev. */
  async writeProfile(trace: string): Promise<string> {
    await this.write(FILE.profile, trace);
    return this.at(FILE.profile);
  }

  /** Written last: its presence marks the run as finished. */
  writeResult(result: RunResult | RunSummary): Promise<void> {
    return this.write(FILE.result, `${JSON.stringify(result, null, 2)}\n`);
  }

  private at(file: string): string {
    return `${this.path}/${file}`;
  }

  private write(file: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === 'string' ? encode(content) : content;
    return this.guard(this.at(file), () => this.files.writeFileAtomic(this.at(file), bytes));
  }

  private async guard(path: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      throw writeError(path, error);
    }
  }
}

/** The stored configuration of a run folder. @throws UsageError when there is none, DataError when it is damaged. */
export async function readStoredConfig(files: RunFiles, folder: string): Promise<RunConfig> {
  const path = `${folder}/${FILE.config}`;
  if (!(await files.exists(path))) throw noRun(folder);
  const stored = parseObject<RunConfig>(new TextDecoder().decode(await files.readFile(path)), path, NEW_RUN);
  const missing = ESSENTIAL.filter((key) => stored[key] === undefined);
  if (missing.length > 0) throw new DataError(`${path}: it lacks ${missing.join(', ')}.`, { remedy: NEW_RUN });
  return storedConfig(stored, path);
}

/** Values that every version writes. */
const ESSENTIAL = ['dataset', 'protocol', 'method', 'arch', 'width', 'size', 'seed'] as const;

const NEW_RUN = 'a copy of the file from before, or --force for a new run in its place';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function noRun(path: string): UsageError {
  return new UsageError(`${path}: --resume finds no run there.`, {
    remedy: 'the --out of the run to continue, or no --resume for a new one',
  });
}

function damagedMetrics(file: string, damaged: number | null, whole: number, seen: number): DataError {
  const what = damaged === null ? `${file}: it ends after step ${whole}` : `${file}:${damaged}: the line is damaged`;
  return new DataError(`${what}, and the checkpoint has seen ${seen} steps.`, {
    details: [`expected the metrics of step ${whole + 1}, as the run wrote them`],
    remedy: 'a copy of the file from before, or --force for a new run',
  });
}

function inUse(path: string, { owner, remedy }: Extract<FolderClaim, { isOurs: false }>): UsageError {
  return new UsageError(`${path}: another run writes to it.`, { details: [`by ${owner}`], remedy });
}

/** No space, no quota, or a file above the process's size limit. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Translates a failed write into an OeclError; passes those through that already are. */
function writeError(path: string, error: unknown): Error {
  if (error instanceof OeclError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (FULL.includes(code ?? '') || (error as Error)?.name === 'QuotaExceededError') {
    return new OeclError(`${path}: the disk is full, so this file was not written.`, {
      details: ['files written earlier are intact'],
      remedy: 'free some space, then continue with --resume, or --out on another disk',
      cause: error,
    });
  }
  return new UsageError(`${path}: it cannot be written to.`, {
    details: [message ?? String(error)],
    remedy: '--out with a folder that you may write to',
    cause: error,
  });
}
