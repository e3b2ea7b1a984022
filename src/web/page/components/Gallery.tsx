/** The test images from the most anomalous to the most normal, a page at a time. */

import { useEffect, useState } from 'preact/hooks';
import { oneLine } from '../../../base/text.ts';
import { score, whole } from '../logic/format.ts';
import { type Results, type ShownImage, useStore } from '../state.ts';
import { Icon } from './Icon.tsx';
import { ImageDialog } from './ImageDialog.tsx';

const PAGE = 54;

export function Gallery({ results }: { results: Results }) {
  const store = useStore();
  const { view, order } = results;
  const [first, setFirst] = useState(0);
  const [pictures, setPictures] = useState<ReadonlyMap<string, string | null>>(new Map());
  const [open, setOpen] = useState<number | null>(null);
  const shown = order.slice(first, first + PAGE);
  const lastFirst = Math.max(0, Math.floor((order.length - 1) / PAGE) * PAGE);

  useEffect(() => {
    setFirst(0);
    setPictures(new Map());
  }, [view.folder, results.score]);
  useEffect(() => {
    const paths = shown.map((index) => view.images[index].path).filter((path) => !pictures.has(path));
    let isWanted = true;
    if (paths.length > 0) {
      const none = () => paths.map(() => null); // an image without its picture still has its score
      store.api
        .pictures(view.folder, paths)
        .catch(none)
        .then((uris) => {
          if (isWanted)
            setPictures((known) => new Map([...known, ...paths.map((path, i) => [path, uris[i]] as const)]));
        });
    }
    return () => {
      isWanted = false;
    };
  }, [view.folder, results.score, first]);

  if (order.length === 0) return null;
  const shownImage = (position: number): ShownImage => {
    const { path, className, isNormal, scores } = view.images[order[position]];
    return { path, truth: { className, isNormal }, scores, uri: pictures.get(path) ?? null };
  };
  const atThreshold = () => {
    const below = order.filter((index) => view.images[index].scores[results.score] < store.threshold.value).length;
    setFirst(Math.min(Math.max(0, below - PAGE / 2), Math.max(0, order.length - PAGE)));
  };
  return (
    <section class="card" aria-labelledby="gallery-title">
      <header class="gallery-head">
        <div>
          <h3 id="gallery-title">Test images, most anomalous first</h3>
          <ul class="legend">
            <li class="key box normal">normal</li>
            {results.outliers.length > 0 && <li class="key box outlier">outlier</li>}
            <li class="quiet">Marked images are on the wrong side of the threshold.</li>
          </ul>
        </div>
        <nav class="pager" aria-label="Pages of the gallery">
          <button type="button" class="small" onClick={() => setFirst(0)}>
            Most anomalous
          </button>
          <button type="button" class="small" onClick={atThreshold}>
            Around the threshold
          </button>
          <button type="button" class="small" onClick={() => setFirst(lastFirst)}>
            Most normal
          </button>
        </nav>
      </header>
      <ul class="gallery">
        {shown.map((index, offset) => (
          <Tile
            key={index}
            image={shownImage(first + offset)}
            main={results.score}
            onOpen={() => setOpen(first + offset)}
          />
        ))}
      </ul>
      <nav class="pager" aria-label="Turn the pages of the gallery">
        <button type="button" class="small" disabled={first === 0} onClick={() => setFirst(Math.max(0, first - PAGE))}>
          <Icon name="back" />
          More anomalous
        </button>
        <span class="quiet">
          {whole(first + 1)} to {whole(Math.min(first + PAGE, order.length))} of {whole(order.length)}
        </span>
        <button
          type="button"
          class="small"
          disabled={first + PAGE >= order.length}
          onClick={() => setFirst(first + PAGE)}
        >
          More normal
          <Icon name="forward" />
        </button>
      </nav>
      {open !== null && (
        <ImageDialog
          image={shownImage(open)}
          main={results.score}
          normal={results.normal}
          onClose={() => setOpen(null)}
          onBefore={open > first ? () => setOpen(open - 1) : null}
          onAfter={open + 1 < Math.min(first + PAGE, order.length) ? () => setOpen(open + 1) : null}
        />
      )}
    </section>
  );
}

function Tile({ image, main, onOpen }: { image: ShownImage; main: string; onOpen(): void }) {
  const { threshold } = useStore();
  const { className, isNormal } = image.truth!;
  const value = image.scores[main];
  const isCalledOutlier = value < threshold.value;
  const isWrong = isCalledOutlier === isNormal;
  return (
    <li>
      <button type="button" class={`tile ${isNormal ? 'normal' : 'outlier'}`} onClick={onOpen}>
        {image.uri === null ? <span class="no-picture" /> : <img src={image.uri} alt="" />}
        <span class="caption">
          <span>
            {oneLine(className)}
            <span class="unseen">, {isNormal ? 'normal' : 'outlier'}, score</span>
          </span>{' '}
          <span class="quiet">{score(value)}</span>
        </span>
        {isWrong && <span class="mistake">{isNormal ? 'false alarm' : 'missed'}</span>}
      </button>
    </li>
  );
}
