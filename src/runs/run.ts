/**
 * A whole run: data -> protocol -> training -> scores -> run folder. The same code runs in Node and in the browser; the
 * platforms hide the differences. A run trains one normal class; `--normal all` trains them in sequence.
 */
import { type Context, openContext, type RuntimePlatform } from '../../runtime/index.ts';
import { InterruptedError, UsageError } from '../base/errors.ts';
import { isEveryClass } from '../base/names.ts';
import type { RunConfig } from '../config/config.ts';
import type { Platform } from '../platform/platform.ts';
import type { Split } from '../protocols/protocol.ts';
import { protocolNamed } from '../protocols/table.ts';
import { type RunResult, summarize } from '../report/result.ts';
import { withGivenKernels } from '../train/kernels.ts';
import { checkPrecision } from '../train/limits.ts';
import { ClassRun, seconds } from './classRun.ts';
import { changeLines, checkedChanges, decodeFingerprint, fingerprintOf } from './fingerprint.ts';
import type { RunOutcome, TrainHooks } from './hooks.ts';
import { initialWeights } from './initialWeights.ts';
import { type Prepared, prepare } from './prepare.ts';
import { type OpenMode, RunFolder, readStoredConfig } from './runFolder.ts';

export interface Platforms {
  runtime: RuntimePlatform;
  files: Platform;
}

/**
 * Trains and evaluates according to the configuration and writes the run folder.
 * @throws OeclError of every kind; files already written stay complete
 */
export async function runTraining(
  platforms: Platforms,
  asked: RunConfig,
  mode: OpenMode,
  hooks: TrainHooks,
): Promise<RunOutcome> {
  const began = seconds();
  const config = await withGivenKernels(platforms.files, asked);
  const folder = await RunFolder.open(platforms.files, config, mode, hooks.onNote);
  if (folder.state === 'finished') {
    await folder.release();
    const result = await folder.readResult();
    hooks.onNote?.(`${folder.path}: this run is finished (normal ${result.normal}); nothing is left to do`);
    if (config.normal !== 'all') hooks.onResult?.(result, folder.path);
    return { interrupted: false, results: [result], summary: null, folder: folder.path };
  }
  let context: Context | null = null;
  try {
    // check the adapter before reading images, which can take minutes
    context = await openContext(platforms.runtime, { adapter: config.adapter ?? undefined });
    checkPrecision(config, context);
    return await runSplits(context, platforms.files, config, folder, hooks, began);
  } catch (error) {
    await folder.discard();
    throw error;
  } finally {
    await folder.release();
    await context?.close();
  }
}

async function runSplits(
  context: Context,
  files: Platform,
  config: RunConfig,
  folder: RunFolder,
  hooks: TrainHooks,
  began: number,
): Promise<RunOutcome> {
  const initial = await initialWeights(files, config, folder);
  const prepared = await prepare(files, config, hooks);
  const { sampleBits } = prepared.dataset;
  const protocol = protocolNamed(config.protocol);
  const { splits, skipped } = protocol.plan(prepared.dataset, config.normal ?? undefined);
  const isSeveral = isEveryClass(config.normal) && !protocol.isOfAllClasses;
  if (isSeveral) await folder.begin({ ...config, sampleBits });
  const paths = folder.childPaths(splits.map(({ normal }) => normal));
  const finished: { result: RunResult; folder: string }[] = [];
  const changedData: string[] = [];
  let { kernels } = config;
  for (const [index, split] of splits.entries()) {
    const out = isSeveral ? paths.get(split.normal)! : config.out;
    const own = { ...config, normal: split.normal, out, kernels, sampleBits };
    const ownFolder = isSeveral ? await folder.child(own) : folder;
    try {
      if (ownFolder.state !== 'new') await checkClass(files, ownFolder.path, split.normal);
      if (ownFolder.state === 'finished') {
        changedData.push(...(await changedSince(ownFolder, prepared, split, hooks)));
        finished.push({ result: await ownFolder.readResult(), folder: ownFolder.path });
        continue;
      }
      const run = new ClassRun(context, files, own, ownFolder, prepared, split, hooks, initial);
      const result = await run
        .go({ run: index + 1, runs: splits.length }, index === 0 ? began : seconds())
        .catch(async (error) => {
          if (ownFolder !== folder) await ownFolder.discard();
          if (isSeveral && error instanceof InterruptedError) return null; // the earlier classes are finished
          throw error;
        });
      if (!result)
        return { interrupted: true, results: finished.map((done) => done.result), summary: null, folder: folder.path };
      if (isSeveral && kernels === null)
        await folder.writeConfig({ ...config, sampleBits, kernels: run.config.kernels });
      kernels = run.config.kernels; // reused by the next class
      finished.push({ result, folder: ownFolder.path });
      hooks.onResult?.(result, ownFolder.path);
    } finally {
      if (ownFolder !== folder) await ownFolder.release();
    }
  }
  const recorded = changedData.length > 0 ? { changedData } : {};
  const summary = isSeveral ? { ...summarize(finished, skipped), ...recorded } : null;
  if (summary) await folder.writeResult(summary);
  return { interrupted: false, results: finished.map((done) => done.result), summary, folder: folder.path };
}

/**
 * Describes what has changed in the images since a class was finished, and notifies the hooks.
 * @throws ChangedDataError on any change, unless the folder's mode accepts it
 */
async function changedSince(folder: RunFolder, prepared: Prepared, split: Split, hooks: TrainHooks): Promise<string[]> {
  const checkpoint = await folder.checkpoint();
  const { path, mode } = folder;
  const tell = (text: string) => {
    hooks.onNote?.(text);
    return [text];
  };
  if (!checkpoint) return tell(`${path}: finished; without its checkpoint, changes of its images go unnoticed`);
  const before = decodeFingerprint(checkpoint.progress.data);
  const isAccepted = mode.acceptChangedData === true;
  const changes = checkedChanges(before, fingerprintOf(prepared, split), { folder: path, isAccepted });
  return changes.length > 0 ? tell(`${path}: finished before these changes: ${changeLines(changes).join('; ')}`) : [];
}

/** A folder's results are valid only for the class that produced them. @throws UsageError */
async function checkClass(files: Platform, folder: string, normal: string): Promise<void> {
  const stored = (await readStoredConfig(files, folder)).normal;
  if (stored === normal) return;
  throw new UsageError(`${folder}: the stored run is of class ${stored}, not ${normal}.`, {
    remedy: '--out with another folder, or the class of the stored run',
  });
}
