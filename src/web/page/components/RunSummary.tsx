/** What the run will be, in a few lines, beside its button. */
import type { ComponentChildren } from 'preact';
import { architectureNamed } from '../../../models/table.ts';
import {
  ALL,
  type Choices,
  isExposed,
  isTraining,
  titleOf,
  trainOptions,
  usesOwnOutliers,
  valuesOf,
} from '../logic/choices.ts';
import { baseName, counted, whole } from '../logic/format.ts';
import { type Store, useStore } from '../state.ts';

export function RunSummary({ children }: { children: ComponentChildren }) {
  const store = useStore();
  const { choices, data, runs } = store;
  const { method } = choices.value;
  const taken = (runs.value ?? []).map(({ folder }) => folder);
  const { arch, width, size, epochs, batch } = valuesOf(choices.value);
  const lines: readonly (readonly [string, string])[] = [
    ['Normal', normalWords(store)],
    ['Method', titleOf(method)],
    ['Outlier exposure', isExposed(choices.value) ? exposureWords(choices.value, store) : 'none'],
    ['Network', `${architectureNamed(arch).title}, ${width} channels`],
    ['Input', `${size} × ${size} px`],
    ...(isTraining(choices.value)
      ? ([
          ['Length', counted(epochs, 'epoch')],
          ['Images per step', whole(batch)],
        ] as const)
      : ([['Length', 'nothing is trained']] as const)),
    ['Saved as', baseName(trainOptions(choices.value, data.value, taken).out!)],
  ];
  return (
    <aside class="card summary" aria-labelledby="summary-title">
      <h2 id="summary-title">This run</h2>
      <dl>
        {lines.map(([name, words]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      {children}
    </aside>
  );
}

function normalWords({ choices, data }: Store): string {
  const { source, normal } = choices.value;
  if (source !== 'own') return `${normal} (synthetic)`;
  const { images = 0, classes = [] } = data.value?.parts.train ?? {};
  const one = classes.find(({ name }) => name === normal);
  return normal === ALL || !one ? counted(images, 'image') : `${normal}, ${counted(one.images, 'image')}`;
}

const exposureWords = (choices: Choices, { data }: Store): string =>
  usesOwnOutliers(choices, data.value)
    ? counted(data.value!.parts.outliers!.images, 'own image')
    : 'dead leaves (generated)';
