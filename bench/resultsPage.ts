/** docs/results.md: one table per normal class, a line per method, the AUROC of every score. */
import type { METHODS } from '../src/methods/table.ts';
import type { RunResult } from '../src/report/result.ts';

export const HELP = `Trains every method on small real image sets and writes docs/results.md.

npm run results -- --data DIR [--budget 6144] [--seeds 2] [--out runs/results] [--at-once 1] [--only METHOD]...

  --data      the folder that holds cifar-10-batches-bin, wbc (as raabin) and tiny-imagenet
  --budget    views through the network per run; at least one epoch is trained
  --seeds     seeds per method and class
  --at-once   runs at the same time
  --only      only these methods; the page has all finished runs`;

/** A finished run. */
export interface Done {
  method: (typeof METHODS)[number];
  /** The class. */
  name: string;
  seed: number;
  result: RunResult;
  /** Rows of all forward passes of the training. */
  views: number;
}

/** The scores that several methods have, in columns; a method's other scores are in one column, by name. */
const COLUMNS = [
  ...['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm', 'cosineNorm'],
  ...['knn', 'knnEuclidean', 'mahalanobis'],
];

export function resultsPage(
  names: readonly string[],
  done: readonly Done[],
  { seeds, budget }: { seeds: readonly number[]; budget: number },
): string {
  const adapters = [...new Set(done.map(({ result }) => result.adapter.description ?? result.adapter.device))];
  const tables = names.flatMap((name) =>
    table(
      name,
      done.filter((each) => each.name === name),
      seeds,
    ),
  );
  return `# Results

Does every method learn? Each trains on small real image sets with about the same number of views through the network, ${budget.toLocaleString('en-US')} per run, with the preset \`tiny\`: ResNet-10 of width 8, 32 px, Adam, minutes on two CPU cores. That is far less training than any publication has: the tables show that the methods work, not which is best. They are written by

\`\`\`sh
npm run results -- --data DIR --budget ${budget} --seeds ${seeds.length}
\`\`\`

with the images that [bench/results.ts](../bench/results.ts) lists: 500 images of a class of CIFAR-10 and 1000 test images (a subset of JPEG copies), and white blood cells of another data set than Raabin-WBC in its layout, 123 neutrophils or 37 lymphocytes and 91 test images. Outlier-exposure images are 5000 of Tiny ImageNet, none of CIFAR-10's classes. CIFAR-10's images there have been through JPEG compression at 32 px and those of Tiny ImageNet at 64 px, a difference that a network can see and that does not help to tell test images apart.

- Values are the AUROC, the mean over seeds ${seeds.join(' and ')}; for the main score also of each seed. 0.5 is chance.
- *views*: rows of all forward passes of the training. At least one epoch is trained, which for the GT methods takes more views than others have in all.
- \`supclr\` and \`supclr-oe\` learn from classes: all classes but the one in the heading are normal, and it is the outlier (leave-one-out).
- Ensemble scores are of the plain view and two augmented ones. *own*: the scores that belong to the method alone.
- Adapter: ${adapters.join('; ')}.

${tables.join('\n')}`;
}

function table(name: string, done: readonly Done[], seeds: readonly number[]): string[] {
  const methods = [...new Set(done.map(({ method }) => method))];
  const lines = methods.map((method) => {
    const runs = done.filter((each) => each.method === method);
    const of = (score: string) => runs.map(({ result }) => result.auroc[score]).filter((value) => value !== undefined);
    const main = method.mainScore;
    const own = method.scores.filter((score) => !COLUMNS.includes(score));
    const each = runs.map(({ result }) => shown(result.auroc[main])).join(', ');
    const missing = runs.length < seeds.length ? ` (${runs.length} of ${seeds.length} seeds)` : '';
    return row([
      `\`${method.name}\``,
      String(Math.round(runs[0].views)),
      `\`${main}\` **${mean(of(main))}** (${each})${missing}`,
      own.map((score) => `\`${score}\` ${mean(of(score))}`).join(', '),
      ...COLUMNS.map((score) => mean(of(score))),
    ]);
  });
  const header = ['method', 'views', 'main score', 'own', ...COLUMNS];
  return [`## ${name}\n`, row(header), row(header.map(() => '---')), ...lines, ''];
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const shown = (value: number | null | undefined): string => (typeof value === 'number' ? value.toFixed(3) : '');

function mean(values: readonly (number | null)[]): string {
  const numbers = values.filter((value) => value !== null);
  return numbers.length === 0 ? '' : shown(numbers.reduce((sum, value) => sum + value, 0) / numbers.length);
}
