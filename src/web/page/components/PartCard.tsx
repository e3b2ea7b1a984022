/** One part of the user's images: what it is for, what is in it, and what was left out. */
import { oneLine } from '../../../base/text.ts';
import type { Part, PartContent } from '../../pageApi.ts';
import { addImages, removeImages } from '../actions/images.ts';
import { counted, whole } from '../logic/format.ts';
import { isBusy, useStore } from '../state.ts';
import { DropZone } from './DropZone.tsx';
import { Icon } from './Icon.tsx';
import { Bar } from './Notices.tsx';
import { SkippedFiles } from './SkippedFiles.tsx';

export interface PartWords {
  part: Part;
  title: string;
  name: string;
  need: 'needed' | 'optional';
  purpose: string;
  hint: string;
}

export function PartCard({ words }: { words: PartWords }) {
  const store = useStore();
  const { part, title, name, need, purpose, hint } = words;
  const content = store.data.value?.parts[part] ?? null;
  const adding = store.adding.value?.part === part ? store.adding.value : null;
  const isDisabled = store.adding.value !== null || isBusy(store);
  const heading = `part-${part}`;
  return (
    <section class={`card part ${part}`} aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{title}</h3>
        <span class={`tag ${need}`}>{need}</span>
      </header>
      <p class="quiet">{purpose}</p>
      {content && <Content content={content} />}
      {adding && <Bar label={`Reading ${counted(adding.total, 'file')}`} count={adding} />}
      <DropZone name={name} place="images" isDisabled={isDisabled} onFiles={(files) => addImages(store, part, files)}>
        <p>{content ? 'Drop more here' : hint}</p>
      </DropZone>
      {content && (
        <button type="button" class="plain remove" disabled={isDisabled} onClick={() => removeImages(store, part)}>
          <Icon name="bin" />
          Remove {name}
        </button>
      )}
    </section>
  );
}

function Content({ content }: { content: PartContent }) {
  return (
    <>
      <p class="amount">
        <strong>{whole(content.images)}</strong> {content.images === 1 ? 'image' : 'images'}
      </p>
      {content.classes.length > 1 && (
        <ul class="chips" aria-label="Classes">
          {content.classes.map(({ name, images }) => (
            <li key={name}>
              {name} <span>{whole(images)}</span>
            </li>
          ))}
        </ul>
      )}
      <Thumbnails pictures={content.pictures} />
      <SkippedFiles files={content.skipped} />
    </>
  );
}

export function Thumbnails({ pictures }: { pictures: readonly { path: string; className: string; uri: string }[] }) {
  return (
    <ul class="thumbnails">
      {pictures.map(({ path, className, uri }) => (
        <li key={path}>
          <img
            src={uri}
            alt={oneLine(`${className}: ${path}`)}
            title={oneLine(`${className}: ${path}`)}
            loading="lazy"
          />
        </li>
      ))}
    </ul>
  );
}
