/** What to train on, how, and how long; other options are collapsed. */
import { change } from '../actions/choose.ts';
import { chooseSource } from '../actions/images.ts';
import { startTraining } from '../actions/training.ts';
import {
  ALL,
  type Choices,
  GENERATED,
  isExposed,
  isTraining,
  normalClasses,
  unfitReason,
  usesOwnOutliers,
} from '../logic/choices.ts';
import { counted } from '../logic/format.ts';
import { type Store, useStore } from '../state.ts';
import { ChoiceCards } from './ChoiceCards.tsx';
import { Icon } from './Icon.tsx';
import { MethodChoice } from './MethodChoice.tsx';
import { MoreOptions } from './MoreOptions.tsx';
import { Notice, SyntheticNotice } from './Notices.tsx';
import { PresetCards } from './PresetCards.tsx';
import { RunSummary } from './RunSummary.tsx';
import { ViewTitle } from './ViewTitle.tsx';

export function SetupForm() {
  const store = useStore();
  const { source } = store.choices.value;
  const hasOwn = store.data.value?.parts.train != null;
  const { method } = store.choices.value;
  const isFit = unfitReason(method, store.choices.value, store.data.value) === null;
  const isReady = store.device.value.kind === 'ready' && (source !== 'own' || hasOwn) && isFit;
  return (
    <form
      class="setup"
      onSubmit={(event) => {
        event.preventDefault();
        startTraining(store);
      }}
    >
      <ViewTitle>Train</ViewTitle>
      <div class="setup-form">
        {source !== 'own' && <SyntheticNotice />}
        <section class="card">
          <ChoiceCards
            legend="Images"
            name="source"
            value={source}
            onChange={(value) => chooseSource(store, value)}
            choices={[
              { value: 'own', title: 'My images', text: ownWords(store), isDisabled: !hasOwn },
              ...GENERATED.map(({ name, title, summary }) => ({ value: name, title, text: sentence(summary) })),
            ]}
          />
          <NormalClass />
          <TestHint />
        </section>
        <section class="card">
          <MethodChoice />
          <OutlierSource />
        </section>
        <section class="card">
          {isTraining(store.choices.value) && <PresetCards />}
          <MoreOptions />
        </section>
      </div>
      <RunSummary>
        <button type="submit" class="main large" disabled={!isReady}>
          <Icon name="play" />
          {isTraining(store.choices.value) ? 'Start training' : 'Start'}
        </button>
        <p class="quiet">
          {isReady
            ? 'Pause at any time. If you close the page, the run resumes from its last checkpoint when you open it again.'
            : whyNot(store)}
        </p>
      </RunSummary>
    </form>
  );
}

const sentence = (words: string): string => `${words[0].toUpperCase()}${words.slice(1)}.`;

function whyNot({ device, choices, data }: Store): string {
  if (device.value.kind === 'asking') return 'Looking for a GPU…';
  if (device.value.kind === 'none') return 'Training needs WebGPU; see above.';
  const reason = unfitReason(choices.value.method, choices.value, data.value);
  return reason === null ? 'Add images first.' : `This method does not suit the images: ${reason}.`;
}

function ownWords({ data }: Store): string {
  const { train, outliers, test } = data.value?.parts ?? {};
  if (!train) return 'None yet: add some under Images.';
  const parts = [
    counted(train.images, 'normal image'),
    outliers ? counted(outliers.images, 'outlier image') : '',
    test ? counted(test.images, 'test image') : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function NormalClass() {
  const store = useStore();
  const { source, normal } = store.choices.value;
  const { names, all } = normalClasses(source, store.data.value);
  if (names.length === 0) return null;
  return (
    <p class="field">
      <label for="normal-class">Normal class</label>
      <select
        id="normal-class"
        value={normal}
        onChange={(event) => change(store, { normal: event.currentTarget.value })}
      >
        {all && <option value={ALL}>All classes together</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <span class="quiet">
        {normal === ALL ? 'Every class counts as normal.' : 'The other classes count as outliers.'}
      </span>
    </p>
  );
}

function TestHint() {
  const { choices, data } = useStore();
  if (choices.value.source !== 'own' || data.value?.parts.test) return null;
  return (
    <p class="quiet">
      Without labeled test images there is no AUROC: the page shows how normal images score, and can score new ones.
    </p>
  );
}

function OutlierSource() {
  const store = useStore();
  const { source, outliers } = store.choices.value;
  if (!isExposed(store.choices.value)) return null;
  const own = store.data.value?.parts.outliers;
  if (source !== 'own' || !own) {
    return (
      <p class="quiet">
        Outlier exposure: dead leaves, which are generated overlapping random shapes.
        {source === 'own' && ' Real images of other things, added under Images, often work better.'}
      </p>
    );
  }
  return (
    <>
      <p class="field">
        <label for="outlier-source">Outlier exposure</label>
        <select
          id="outlier-source"
          value={outliers}
          onChange={(event) => change(store, { outliers: event.currentTarget.value as Choices['outliers'] })}
        >
          <option value="own">My {counted(own.images, 'outlier image')}</option>
          <option value="dead-leaves">Dead leaves (generated)</option>
        </select>
      </p>
      {!usesOwnOutliers(store.choices.value, store.data.value) && (
        <Notice kind="info">
          <p>Your outlier images are not used.</p>
        </Notice>
      )}
    </>
  );
}
