/** Where everything begins: the demo in one click, or one's own images. */
import { useRef } from 'preact/hooks';
import { trainOn } from '../actions/images.ts';
import { bytes, counted } from '../logic/format.ts';
import { useStore } from '../state.ts';
import { Icon } from './Icon.tsx';
import { FeatureSpace } from './Logo.tsx';
import { ProblemOf } from './Notices.tsx';
import { PartCard, type PartWords, Thumbnails } from './PartCard.tsx';
import { ViewTitle } from './ViewTitle.tsx';

const PARTS: readonly PartWords[] = [
  {
    part: 'train',
    title: 'Normal images',
    name: 'normal images',
    need: 'needed',
    purpose: 'What the network learns from. Subfolders become classes.',
    hint: 'Drop a folder, images or a zip',
  },
  {
    part: 'outliers',
    title: 'Outlier images',
    name: 'outlier images',
    need: 'optional',
    purpose: 'Any images that are not normal, for outlier exposure. Without them, generated images are used.',
    hint: 'Drop a folder, images or a zip',
  },
  {
    part: 'test',
    title: 'Labeled test images',
    name: 'test images',
    need: 'optional',
    purpose:
      'Used for measuring, never for training. A subfolder named like a normal class, or “normal”, contains normal images; every other subfolder contains outliers.',
    hint: 'Drop a folder of folders, or a zip',
  },
];

export function ImagesView() {
  const store = useStore();
  const own = useRef<HTMLElement>(null);
  const data = store.data.value;
  const normal = data?.parts.train ?? null;
  return (
    <>
      <section class="hero">
        <div>
          <ViewTitle>Find the images that do not belong.</ViewTitle>
          <p class="lead">
            Add normal images. A network learns what they have in common, in this browser, and scores every other image:
            the higher the score, the more normal.
          </p>
          <div class="buttons">
            {normal ? <TrainOwn text="Train on my images" /> : <TryDemo />}
            <button
              type="button"
              onClick={() => {
                own.current?.scrollIntoView({ block: 'start' });
                own.current?.querySelector('button')?.focus({ preventScroll: true });
              }}
            >
              <Icon name="folder" />
              {normal ? 'View or add images' : 'Use my images'}
            </button>
          </div>
          <ul class="facts">
            <li>
              <Icon name="lock" />
              <span>
                <strong>No account, no upload.</strong> Images are read, stored and trained on in this browser. The
                page’s security policy forbids connections to any other address.
              </span>
            </li>
            <li>
              <Icon name="chip" />
              <span>
                <strong>Runs on your own GPU</strong>, of any vendor, through WebGPU. Nothing to install.
              </span>
            </li>
            <li>
              <Icon name="take" />
              <span>
                <strong>Yours to keep:</strong> download the model, the scores and a report.
              </span>
            </li>
          </ul>
        </div>
        <FeatureSpace />
      </section>
      <ProblemOf place="images" />
      <section ref={own} aria-labelledby="own-title">
        <h2 id="own-title">Your images</h2>
        <p class="quiet">JPEG, PNG and BMP, or zips of them. A few hundred normal images are a good start.</p>
        <div class="parts">
          {PARTS.map((words) => (
            <PartCard key={words.part} words={words} />
          ))}
        </div>
        <div class="after-parts">
          {normal && <TrainOwn text={`Train on ${counted(normal.images, 'normal image')}`} />}
          {data && data.quota > 0 && (
            <p class="quiet">
              {bytes(data.usage)} of {bytes(data.quota)} of this page’s browser storage used.
            </p>
          )}
        </div>
      </section>
      <section class="card demo" aria-labelledby="demo-title">
        <div>
          <h2 id="demo-title">The demo</h2>
          <p>
            Five classes of drawn blood cells. One is normal; the other four are outliers that the network first sees in
            the test. <strong>Synthetic:</strong> a program generates the images when training starts.
          </p>
          <button type="button" onClick={() => trainOn(store, 'demo')}>
            <Icon name="play" />
            Train on the demo
          </button>
        </div>
        <Thumbnails pictures={store.demo.value} />
      </section>
    </>
  );
}

function TryDemo() {
  const store = useStore();
  return (
    <button type="button" class="main" onClick={() => trainOn(store, 'demo')}>
      <Icon name="play" />
      Try the demo
    </button>
  );
}

function TrainOwn({ text }: { text: string }) {
  const store = useStore();
  return (
    <button type="button" class="main" onClick={() => trainOn(store, 'own')}>
      {text}
      <Icon name="forward" />
    </button>
  );
}
