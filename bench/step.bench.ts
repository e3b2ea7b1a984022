/**
 * The OECL step: in turn with the peers, then its growth with the batch, the time of the host, and the augmentation.
 */
import type { Context, Plan, Tensor } from '../runtime/index.ts';
import { augmentationNamed } from '../src/augment/augmentations.ts';
import { Augmenter } from '../src/augment/augmenter.ts';
import { PLAIN_STATISTICS } from '../src/data/dataset.ts';
import { packImages } from '../src/data/imageSet.ts';
import { Field } from './field.ts';
import { prepareStep } from './ours.ts';
import { short } from './printer.ts';
import { quartilesOf, sampleInTurns, sampleLaunches } from './statistics.ts';
import { type SuiteRun, withContext } from './suite.ts';
import { flopsOf, nameOf, REFERENCE_STEP } from './workloads.ts';

/** Images per stream. */
const GROWTH = { full: [2, 4, 8, 16, 32, 64], short: [2, 16, 64] };

export async function stepSuite(run: SuiteRun): Promise<void> {
  const { options, selection, peerOptions, sink } = run;
  const effort = options.isFull ? { iterations: 9, milliseconds: 60_000 } : { iterations: 7, milliseconds: 40_000 };
  if (selection.wants(nameOf(REFERENCE_STEP))) {
    await withContext(run, async (context) => {
      const field = new Field(context, options.peers, peerOptions);
      try {
        await field.measure('step', REFERENCE_STEP, effort, sink);
      } finally {
        await field.close();
      }
    });
  }
  await growth(run);
  await withContext(run, (context) => halves(run, context));
  await withContext(run, (context) => hostTime(run, context));
  for (const batch of options.isFull ? [4, 32] : [4])
    await withContext(run, (context) => augmentation(run, context, batch));
}

/** Our step at several batch sizes, in turn: time should be proportional to views. All samples have the same number of views. */
async function growth(run: SuiteRun): Promise<void> {
  const { options, selection, sink } = run;
  const batches = options.isFull ? GROWTH.full : GROWTH.short;
  const steps = batches
    .map((batch) => ({ ...REFERENCE_STEP, batch }))
    .filter((step) => selection.wants(`growth: ${nameOf(step)}`));
  if (steps.length === 0) return;
  await withContext(run, async (context) => {
    const plans: Plan<Tensor>[] = [];
    for (const step of steps) plans.push((await prepareStep(context, step)).plan);
    const largest = Math.max(...steps.map(({ batch }) => batch));
    const timed = async (i: number) => {
      const repeats = Math.ceil(largest / steps[i].batch);
      const began = performance.now();
      for (let k = 0; k < repeats; k++) plans[i].run();
      await context.sync();
      return (performance.now() - began) / repeats;
    };
    for (const plan of plans) plan.run(); // compiles
    await context.sync();
    const samples = await sampleInTurns(plans.length, timed, { iterations: options.isFull ? 7 : 5, milliseconds: 0 });
    const perBatch = steps.map((step, i) => {
      const views = 4 * step.batch;
      const milliseconds = samples[i];
      const more = { views, planBytes: plans[i].bytes };
      const workload = `growth: ${nameOf(step)}`;
      sink.add({ suite: 'step', workload, contestant: 'oecl', milliseconds, flops: flopsOf(step), more });
      return { views, milliseconds: milliseconds.median };
    });
    const [first] = perBatch;
    const last = perBatch.at(-1)!;
    const perView = ({ views, milliseconds }: typeof first) => milliseconds / views;
    const texts = perBatch.map((each) => `${each.views}: ${short(perView(each) / perView(first))}`);
    sink.note(`time a view, relative to ${first.views} views (proportional: 1) - ${texts.join(', ')}`);
    if (perBatch.length < 3) return;
    const slope = (last.milliseconds - first.milliseconds) / (last.views - first.views);
    const fixed = first.milliseconds - slope * first.views;
    const furthest = Math.max(
      ...perBatch.map((each) => Math.abs(each.milliseconds / (fixed + slope * each.views) - 1)),
    );
    sink.note(
      `a straight line through the first and the last is off by ${short(100 * furthest)} % at most; it begins at ${short(fixed)} ms`,
    );
  });
}

/** Activations stored as f16, in turn with f32. */
async function halves({ options, selection, sink }: SuiteRun, context: Context): Promise<void> {
  const step = { ...REFERENCE_STEP, precision: 'f16' } as const;
  if (!selection.wants(nameOf(step))) return;
  if (!context.features.f16) {
    sink.note('f16: left out, the adapter has no shader-f16');
    return;
  }
  const plans = [(await prepareStep(context, REFERENCE_STEP)).plan, (await prepareStep(context, step)).plan];
  const timed = async (i: number) => {
    const began = performance.now();
    plans[i].run();
    await context.sync();
    return performance.now() - began;
  };
  for (const i of [0, 1]) await timed(i); // compiles
  const effort = options.isFull ? { iterations: 25, milliseconds: 15_000 } : { iterations: 9, milliseconds: 5000 };
  const [f32, f16] = await sampleInTurns(plans.length, timed, effort);
  const timesF32 = f16.median / f32.median;
  const common = { suite: 'step', workload: nameOf(step), contestant: 'oecl', flops: flopsOf(step) } as const;
  sink.add({ ...common, milliseconds: f16, more: { timesF32, millisecondsF32: f32.median } });
  sink.note(`activations in f16: ${short(timesF32)} times as long as in f32, in turn with it`);
}

/** Time of JavaScript per step: encoding and submitting, with the device idle. */
async function hostTime({ selection, sink }: SuiteRun, context: Context): Promise<void> {
  const workload = 'host: encode and submit one step';
  if (!selection.wants(workload)) return;
  const { plan } = await prepareStep(context, REFERENCE_STEP);
  const samples: number[] = [];
  for (let i = 0; i < 12; i++) {
    const began = performance.now();
    plan.run();
    if (i >= 2) samples.push(performance.now() - began); // the first ones run before JIT compilation
    await context.sync();
  }
  const milliseconds = quartilesOf(samples);
  const { launches } = plan;
  const per100 = (milliseconds: number) => (100 * milliseconds) / launches;
  const more = { launches, millisecondsPer100Launches: per100(milliseconds.median) };
  sink.add({ suite: 'step', workload, contestant: 'oecl', milliseconds, more });
  const least = per100(Math.min(...samples)); // the time without preemption by other processes
  sink.note(
    `${launches} launches a step; for 100 the host takes ${short(more.millisecondsPer100Launches)} ms, at the least ${short(least)}`,
  );
}

/** Uploads a batch of images of the step's size and runs the launches that compute its views. */
async function augmentation({ selection, sink }: SuiteRun, context: Context, batch: number): Promise<void> {
  const { size } = REFERENCE_STEP;
  const workload = `augmentation and upload, ${size} px, ${4 * batch} views`;
  if (!selection.wants(workload)) return;
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 37) % 256);
  const images = await packImages(Array.from({ length: batch }, () => ({ width: size, height: size, pixels })));
  const augmentation = augmentationNamed('simclr');
  const options = { size, augmentation, scale: [0.08, 1], seed: 0, ...PLAIN_STATISTICS } as const;
  const augmenter = Augmenter.forTraining(
    context,
    options,
    [
      { images, views: 2 },
      { images, views: 2 },
    ],
    batch,
  );
  const indices = images.widths.map((_, i) => i);
  const batchOfAll = { images, indices, copies: indices, rounds: new Uint32Array(batch) };
  const plan = await context.record(() => augmenter.views());
  const milliseconds = await sampleLaunches(
    () => {
      augmenter.upload([batchOfAll, batchOfAll]);
      plan.run();
    },
    () => context.sync(),
    { iterations: 5, milliseconds: 1000 },
  );
  const bytes = 2 * images.pixels.length + 4 * plan.outputs.size;
  sink.add({ suite: 'step', workload, contestant: 'oecl', milliseconds, bytes });
}
