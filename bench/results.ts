/**
 * `npm run results`: trains every method of the table on small real image sets, each with about the same number of views
 * through the network, and writes docs/results.md. Finished runs are kept, so that it can be interrupted and repeated.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rowCount } from '../src/augment/rows.ts';
import { type RunConfig, resolveConfig } from '../src/config/config.ts';
import { METHODS, methodNamed, usesOutliers } from '../src/methods/table.ts';
import type { RunResult } from '../src/report/result.ts';
import { usesAugmentedViews } from '../src/scores/table.ts';
import { type Done, HELP, resultsPage } from './resultsPage.ts';

type Method = (typeof METHODS)[number];

/**
 * The classes, in the folders below --data. `images`: normal training images of the class alone, and of all other classes,
 * which are normal where a method learns from classes.
 */
const CASES = [
  { dataset: 'raabin', folder: 'wbc', name: 'Neutrophil', images: 123, others: 86 },
  { dataset: 'raabin', folder: 'wbc', name: 'Lymphocyte', images: 37, others: 172 },
  { dataset: 'cifar10', folder: 'cifar-10-batches-bin', name: 'airplane', images: 500, others: 4500 },
  { dataset: 'cifar10', folder: 'cifar-10-batches-bin', name: 'horse', images: 500, others: 4500 },
] as const;
type Case = (typeof CASES)[number];

/** Augmented views for the scores: enough to see whether they help, as scoring 1000 test images costs as much as training. */
const SCORED_VIEWS = 2;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    budget: { type: 'string', default: '6144' },
    seeds: { type: 'string', default: '2' },
    out: { type: 'string', default: 'runs/results' },
    'at-once': { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.data === undefined) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
const { data, out } = values;

interface Planned {
  method: Method;
  case: Case;
  seed: number;
  folder: string;
  args: string[];
}

/** The run of a method: preset `tiny`, with as many epochs as come closest to the number of views. */
function plan(method: Method, own: Case, seed: number): Planned {
  const { dataset, name } = own;
  const ofClasses = method.needsClasses ? ({ protocol: 'leave-one-out', normal: name } as const) : { normal: name };
  const views = usesAugmentedViews(method.name) ? { views: SCORED_VIEWS } : {};
  const outliers = usesOutliers(method.name, {}) ? { oe: `folder:${join(data!, 'tiny-imagenet')}` } : {};
  const options = { dataset, method: method.name, preset: 'tiny', ...views, seed, ...ofClasses, ...outliers } as const;
  const config = resolveConfig(options, { isSoftware: true });
  const images = method.needsClasses ? own.others : own.images;
  const batch = Math.min(config.batch, images);
  const perEpoch = Math.floor(images / batch) * rowsPerStep({ ...config, batch });
  const epochs = Math.max(1, Math.round(Number(values.budget) / perEpoch));
  const all = { ...options, epochs, data: join(data!, own.folder) };
  const folder = join(out, `${name}-${method.name}-${seed}`);
  const args = Object.entries({ ...all, out: folder }).flatMap(([key, value]) => [`--${key}`, String(value)]);
  return { method, case: own, seed, folder, args: ['train', ...args] };
}

function rowsPerStep(config: RunConfig): number {
  const { normal, outliers } = methodNamed(config.method).batch(config);
  return rowCount(normal, config.batch) + (outliers ? rowCount(outliers, config.batch) : 0);
}

/** The result of a finished run; null without one. */
async function finished({ method, case: own, seed, folder }: Planned): Promise<Done | null> {
  const json = (file: string) => readFile(join(folder, file), 'utf8').then(JSON.parse);
  try {
    const [result, config]: [RunResult, RunConfig] = [await json('result.json'), await json('config.json')];
    return { method, name: own.name, seed, result, views: result.steps * rowsPerStep(config) };
  } catch {
    return null;
  }
}

const train = ({ args }: Planned): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/train.js', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.on('close', (code) => resolve(code === 0 ? '' : said || `exit ${code}`));
  });

const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
const wanted = METHODS.filter(({ name }) => values.only?.includes(name) ?? true);
// a seed of everything before the next one
const planned = seeds.flatMap((seed) => CASES.flatMap((own) => wanted.map((method) => plan(method, own, seed))));
await mkdir(out, { recursive: true });

let next = 0;
async function work(): Promise<void> {
  while (next < planned.length) {
    const at = next++;
    const run = planned[at];
    if (await finished(run)) continue;
    await rm(run.folder, { recursive: true, force: true });
    const error = await train(run);
    console.log(`${at + 1} of ${planned.length}: ${run.folder}${error && `: ${error.trim()}`}`);
  }
}
await Promise.all(Array.from({ length: Number(values['at-once']) }, work));

const all = seeds.flatMap((seed) => CASES.flatMap((own) => METHODS.map((method) => plan(method, own, seed))));
const done = (await Promise.all(all.map(finished))).filter((each) => each !== null);
await writeFile(
  'docs/results.md',
  resultsPage(
    CASES.map(({ name }) => name),
    done,
    { seeds, budget: Number(values.budget) },
  ),
);
console.log(`docs/results.md: ${done.length} of ${all.length} runs`);
