/** One image, large, with its scores and the verdict of the threshold. */

import { useEffect, useRef } from 'preact/hooks';
import { oneLine } from '../../../base/text.ts';
import { scoreNamed } from '../../../scores/table.ts';
import { baseName, score } from '../logic/format.ts';
import type { ShownImage } from '../state.ts';
import { Icon } from './Icon.tsx';
import { Verdict } from './Verdict.tsx';

interface ImageDialogProps {
  image: ShownImage;
  /** The score that decides. */
  main: string;
  /** That score of the normal test images, ascending; null when there are none to compare with. */
  normal: Float64Array | null;
  onClose(): void;
  onBefore: (() => void) | null;
  onAfter: (() => void) | null;
}

export function ImageDialog({ image, main, normal, onClose, onBefore, onAfter }: ImageDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { path, truth, scores, uri } = image;
  const turn = (event: KeyboardEvent) => {
    if (event.key === 'ArrowLeft') onBefore?.();
    if (event.key === 'ArrowRight') onAfter?.();
  };
  return (
    <dialog ref={dialog} class="image" aria-labelledby="image-title" onClose={onClose} onKeyDown={turn}>
      <header>
        <h2 id="image-title">{baseName(path)}</h2>
        <button type="button" class="plain" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div class="image-body">
        {uri === null ? (
          <p class="no-picture">This image has been removed.</p>
        ) : (
          <img src={uri} alt={truth ? truth.className : 'the new image'} />
        )}
        <div>
          {truth && (
            <p>
              <span class={`tag ${truth.isNormal ? 'normal' : 'outlier'}`}>
                {truth.isNormal ? 'normal' : 'outlier'}
              </span>{' '}
              {oneLine(truth.className)}
            </p>
          )}
          <Verdict value={scores[main]} normal={normal} />
          <table>
            <thead>
              <tr>
                <th scope="col">Score</th>
                <th scope="col" class="number">
                  Value
                </th>
              </tr>
            </thead>
            <tbody>
              {Object.keys(scores).map((name) => (
                <tr key={name}>
                  <th scope="row">
                    {name}
                    <span class="quiet"> {scoreNamed(name)?.summary}</span>
                  </th>
                  <td class="number">{score(scores[name])}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <p class="quiet path">{oneLine(path)}</p>
        </div>
      </div>
      {(onBefore || onAfter) && (
        <nav class="pager" aria-label="Neighbors by score">
          <button type="button" class="small" disabled={!onBefore} onClick={() => onBefore?.()}>
            <Icon name="back" />
            More anomalous
          </button>
          <button type="button" class="small" disabled={!onAfter} onClick={() => onAfter?.()}>
            More normal
            <Icon name="forward" />
          </button>
        </nav>
      )}
    </dialog>
  );
}
