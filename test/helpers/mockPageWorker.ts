/**
 * A worker that responds to the page like the real one, without a device: its images and runs are generated. The folder
 * that it is served from selects what fails: /lost/worker.js loses its device. For tests of the page.
 */
import { expose } from 'comlink';
import { AdapterError, LimitError } from '../../runtime/errors.ts';
import { type RunConfig, resolveConfig } from '../../src/config/config.ts';
import { type PerScore, type RunResult, testMetrics, testSetResults } from '../../src/report/result.ts';
import type { StepMetrics } from '../../src/train/stepMetrics.ts';
import { carryErrors } from '../../src/web/page/thrown.ts';
import type {
  DataContent,
  GivenFile,
  KeptThreshold,
  PageApi,
  Part,
  PartContent,
  RunInfo,
  RunView,
} from '../../src/web/pageApi.ts';

const scenario = new URL(import.meta.url).pathname.split('/').at(-2);

/** Whether a run has enough steps to be paused; otherwise it is short. */
const isLong = scenario === 'slow' || scenario === 'unfinished';
const STEPS = isLong ? 4000 : 60;
const STEP_MILLISECONDS = isLong ? 60 : 8;
const CLASSES = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil'];

/** Uniform in 0 to 1, from a counter. */
const noise = (n: number): number =>
  (((Math.imul(n + 1, 0x9e3779b1) >>> 8) ^ Math.imul(n + 7, 0x85ebca6b)) >>> 8) / 2 ** 24;
const bell = (n: number): number => noise(n) + noise(n + 1013) + noise(n + 2027) - 1.5;

function drawn(kind: number, n: number): string {
  const hue = [265, 345, 235, 215, 290][kind % 5];
  const lobes = Array.from({ length: 1 + (kind % 5) }, (_, i) => {
    const angle = (i / (1 + (kind % 5))) * 6.28 + noise(n + i);
    const at = kind === 2 ? 0 : 11;
    return `<circle cx="${32 + at * Math.cos(angle)}" cy="${32 + at * Math.sin(angle)}" r="${kind === 2 ? 17 : 9}" fill="hsl(${hue} 45% 38%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="hsl(${20 + noise(n) * 20} 60% 90%)"/><circle cx="32" cy="32" r="25" fill="hsl(${hue} 55% ${78 + noise(n + 3) * 8}%)"/>${lobes.join('')}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

const pictures = (classes: readonly string[], count: number) =>
  Array.from({ length: count }, (_, n) => {
    const kind = n % classes.length;
    return { path: `${classes[kind]}/${n}.png`, className: classes[kind], uri: drawn(kind, n) };
  });

const content = (classes: readonly string[], images: number, skipped: PartContent['skipped'] = []): PartContent => ({
  images,
  classes: classes.map((name, i) => ({ name, images: Math.round(images / classes.length) + (i % 3) })),
  skipped,
  pictures: pictures(classes, 16),
});

const NO_PARTS: DataContent['parts'] = { train: null, outliers: null, test: null };
const FULL_PARTS: DataContent['parts'] = {
  train: content(['neutrophil', 'eosinophil'], 1204, [
    { file: 'cells/notes.txt', reason: 'no image: expected JPEG, PNG or BMP' },
    { file: 'cells/neutrophil/0031.jpg', reason: 'the file ends early: 2 of 14 kB are there' },
  ]),
  outliers: content(['outliers'], 310),
  test: content(['neutrophil', 'eosinophil', 'blast', 'artefact'], 420),
};

let data: DataContent = {
  id: scenario === 'own' ? 'a1b2' : null,
  parts: scenario === 'own' ? FULL_PARTS : NO_PARTS,
  usage: 48e6,
  quota: 21e9,
};
let runs: RunInfo[] = [];
let isInterrupted = false;
const thresholds = new Map<string, KeptThreshold>();
const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

const allScores = (value: number): PerScore => ({
  norm: value * 1.04,
  normEnsemble: value,
  normOfMean: value * 0.93,
  meanSquaredNorm: value * value,
  knn: (value - 6) / 10 + Math.sin(value * 40) / 4,
});

function viewOf(folder: string, config: RunConfig): RunView {
  const hasOutliers = scenario !== 'normal';
  const images = Array.from({ length: hasOutliers ? 400 : 120 }, (_, n) => {
    const isNormal = !hasOutliers || n % 5 < 2;
    const kind = isNormal ? 1 : [0, 2, 3, 4][n % 4];
    const value = Math.max(0.05, (isNormal ? 6.1 : 2.6 + (kind === 4 ? 1.9 : 0)) + bell(n) * 1.9);
    return { path: `test/${CLASSES[kind]}/${n}.png`, className: CLASSES[kind], isNormal, scores: allScores(value) };
  });
  const table = Object.fromEntries(
    Object.keys(allScores(0)).map((name) => [name, images.map(({ scores }) => scores[name])]),
  );
  const truth = images.map(({ isNormal }) => isNormal);
  const classes = images.map(({ className }) => className);
  const metrics = testMetrics(table, truth, classes);
  const testSets = [
    { name: 'all outliers', members: [...images.keys()] },
    { name: 'no outliers', members: [...images.keys()].filter((at) => truth[at]) },
  ];
  const result: RunResult = {
    dataset: config.dataset,
    protocol: config.protocol,
    normal: config.normal ?? 'normal',
    method: config.method,
    oe: config.oe,
    seed: config.seed,
    synthetic: config.dataset === 'demo',
    mainScore: 'normEnsemble',
    mainScoreReason: 'It is the default of the method oecl.',
    ...metrics,
    ...(scenario === 'runs' ? { testSets: testSetResults(testSets, table, truth, classes) } : {}),
    steps: STEPS,
    epochs: config.epochs,
    seconds: { total: 42, setup: 2, compile: 3, train: 33, evaluate: 4 },
    weightsSha256: '0'.repeat(64),
    trainImages: 500,
    testImages: { in: images.filter(({ isNormal }) => isNormal).length, out: images.filter((i) => !i.isNormal).length },
    oeImages: 500,
    adapter: { vendor: 'mock', architecture: '', device: '', description: '' },
    where: 'browser',
  };
  const kept = thresholds.get(folder) ?? null;
  return { folder, config, result, kept, metrics: Array.from({ length: STEPS }, (_, n) => stepOf(n + 1)), images };
}

const stepOf = (step: number): StepMetrics => ({
  step,
  epoch: Math.floor((step - 1) / (STEPS / 12)),
  loss: 3.4 * Math.exp(-step / (STEPS / 3)) + 1.6 + bell(step) * 0.18,
  contrastive: 2.6 * Math.exp(-step / (STEPS / 3)) + 1.4 + bell(step) * 0.14,
  penalty: 1,
  lambda: 1,
  normNormal: 1.2 + 5 * (1 - Math.exp(-step / (STEPS / 2))) + bell(step + 5) * 0.3,
  normOutlier: 0.4 + 1.2 * Math.exp(-step / (STEPS / 6)) + bell(step + 9) * 0.1,
  lr: 0.1,
  ms: STEP_MILLISECONDS,
});

const infoOf = (folder: string, config: RunConfig, done: number): RunInfo => ({
  folder,
  state: done === STEPS ? 'finished' : 'interrupted',
  config,
  result: done === STEPS ? viewOf(folder, config).result : null,
  steps: done,
  totalSteps: STEPS,
  changed: Date.UTC(2026, 0, 15, 9, 30),
});

const remember = (info: RunInfo) => {
  runs = [info, ...runs.filter(({ folder }) => folder !== info.folder)];
};

const configOf = (more: Partial<RunConfig> = {}): RunConfig =>
  resolveConfig({ dataset: 'demo', preset: 'tiny', ...(more as object) }, { isSoftware: true });

if (['runs', 'normal', 'unfinished'].includes(scenario ?? '')) {
  const config = configOf();
  remember(infoOf('runs/demo-simclr-Monocyte-3', configOf({ method: 'simclr' }), Math.floor(STEPS / 3)));
  remember(infoOf(config.out, config, scenario === 'unfinished' ? Math.floor(STEPS / 2) : STEPS));
  runs.push({ ...infoOf('models/from-node', config, STEPS), state: 'model', config: null, result: null });
}

const api: PageApi = {
  async device() {
    if (scenario === 'nogpu') {
      throw new AdapterError('this browser offers no WebGPU, which training needs.', {
        remedy: 'a recent Chrome or Edge (113 or later), or Safari 26, with hardware acceleration switched on',
      });
    }
    const isSoftware = scenario === 'software';
    return isSoftware
      ? { vendor: 'google', architecture: 'swiftshader', device: '', description: 'SwiftShader', isSoftware }
      : { vendor: 'nvidia', architecture: 'ada lovelace', device: '', description: 'a mock', isSoftware };
  },
  readData: async () => data,
  async addImages(part: Part, files: GivenFile[], onProgress) {
    for (let done = 0; done <= files.length; done++) {
      onProgress(done, files.length);
      await pause(10);
    }
    if (scenario === 'full') {
      throw new LimitError('data: the browser’s storage is full, so the images were not stored.', {
        details: ['needed 2.1 GB, free 0.4 GB'],
        remedy: 'delete runs or images that are no longer needed, or fewer or smaller images',
      });
    }
    data = { ...data, id: 'a1b2', parts: { ...data.parts, [part]: FULL_PARTS[part] } };
    return data;
  },
  async removeImages(part) {
    data = { ...data, parts: { ...data.parts, [part]: null } };
    return data;
  },
  demoPictures: async () => pictures(CLASSES, 30),
  async train(options, callbacks) {
    isInterrupted = false;
    const stored = runs.find(({ folder }) => folder === options.out);
    const config = stored?.config ?? configOf(options as Partial<RunConfig>);
    const folder = options.out ?? config.out;
    if (scenario === 'large') {
      throw new LimitError('layer1.0.conv1: its output needs 512 MiB in one binding, this adapter allows 128 MiB.', {
        details: ['output [2048, 64, 32, 32] f32'],
        remedy: '--batch 128 or less (now 512; an image gives 4 views), or another adapter (--list-adapters)',
      });
    }
    for (let done = 0; done <= 500; done += 50) {
      callbacks.onLoad('Drawing the demo’s images', done, 500);
      await pause(5);
    }
    let step = options.resume ? (stored?.steps ?? 0) : 0;
    const counts = { trainImages: 500, testNormal: 160, testOutliers: 240, oeImages: config.oe === null ? 0 : 500 };
    callbacks.onStart({
      config: { ...config, out: folder },
      counts,
      synthetic: config.dataset === 'demo',
      stepsPerEpoch: STEPS / 12,
      steps: STEPS,
      doneSteps: step,
      imagesPerStep: 32,
      deviceBytes: 312e6,
      run: 1,
      runs: 1,
    });
    callbacks.onNote('--batch lowered from 32 to 16: a class has 16 images');
    while (step < STEPS && !isInterrupted) {
      const some = Array.from({ length: Math.min(isLong ? 40 : 5, STEPS - step) }, (_, i) => stepOf(step + i + 1));
      step += some.length;
      callbacks.onSteps(some);
      if (scenario === 'lost' && step === 20) {
        callbacks.onRecover(1);
        await pause(1500);
      }
      await pause(some.length * Math.min(STEP_MILLISECONDS, 8));
    }
    for (let done = 0; step === STEPS && done <= 400; done += 100) {
      callbacks.onEvaluate(done, 400);
      await pause(10);
    }
    remember(infoOf(folder, { ...config, out: folder }, step));
    return { folder, interrupted: step < STEPS };
  },
  interrupt: async () => {
    isInterrupted = true;
  },
  unfinished: async () => (scenario === 'unfinished' ? runs.find(({ state }) => state === 'interrupted')! : null),
  runs: async () => runs,
  view: async (folder) => viewOf(folder, runs.find((run) => run.folder === folder)!.config!),
  async keepThreshold(folder, kept) {
    await pause(5);
    thresholds.set(folder, kept);
  },
  pictures: async (_, paths) =>
    paths.map((path) => drawn(CLASSES.indexOf(path.split('/')[1]), Number.parseInt(path.split('/')[2], 10))),
  async removeRun(folder) {
    runs = runs.filter((run) => run.folder !== folder);
  },
  async file(_, name) {
    const history = Array.from({ length: STEPS / 2 }, (_, n) => `${JSON.stringify(stepOf(n + 1))}\n`);
    return new Blob(name === 'metrics.jsonl' ? history : [`content of ${name}`]);
  },
  zip: async () => new Blob(['PK']),
  async addModel(file) {
    const info: RunInfo = {
      ...infoOf(`models/${file.name}`, configOf(), 0),
      state: 'model',
      config: null,
      result: null,
    };
    remember(info);
    return info;
  },
  async score(_, files, onProgress) {
    onProgress(files.length, files.length);
    const images = files.map(({ path }, n) => {
      const scores = allScores(n % 3 === 0 ? 1.4 + noise(n) : 6 + bell(n));
      return { path, scores, uri: drawn(n % 3 === 0 ? 4 : 1, n) };
    });
    return {
      mainScore: 'normEnsemble',
      images,
      skipped: [{ file: 'readme.txt', reason: 'no image: expected JPEG, PNG or BMP' }],
      notes: [],
    };
  },
};

carryErrors();
expose(api);
