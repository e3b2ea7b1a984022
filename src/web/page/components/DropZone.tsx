/** A place to drop files on, and two buttons that do the same from the keyboard. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { GivenFile } from '../../pageApi.ts';
import { attempt } from '../actions/shared.ts';
import { chosenFiles, droppedFiles } from '../logic/dropped.ts';
import { type Place, useStore } from '../state.ts';
import { FileButton } from './FileButton.tsx';

interface DropZoneProps {
  /** Said by the buttons to a screen reader: Choose files: normal images. */
  name: string;
  /** Where unreadable files are reported. */
  place: Place;
  isDisabled: boolean;
  onFiles(files: GivenFile[]): void;
  children?: ComponentChildren;
}

const ACCEPTED = 'image/jpeg,image/png,image/bmp,.jpg,.jpeg,.png,.bmp,.zip,application/zip';

export function DropZone({ name, place, isDisabled, onFiles, children }: DropZoneProps) {
  const store = useStore();
  const [isOver, setOver] = useState(false);
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (isDisabled || !event.dataTransfer) return;
    let files: GivenFile[] = [];
    // a file that was removed or may not be read
    const isRead = await attempt(store, place, async () => {
      files = await droppedFiles(event.dataTransfer!);
    });
    if (isRead) onFiles(files);
  };
  return (
    <fieldset
      class={`drop${isOver ? ' over' : ''}`}
      aria-label={name}
      disabled={isDisabled}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(!isDisabled);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {children}
      <div class="drop-buttons">
        <FileButton
          icon="folder"
          text="Choose folder"
          label={`Choose folder: ${name}`}
          name={`${name}, folder`}
          wanted="folder"
          isSmall
          onFiles={(files) => onFiles(chosenFiles(files))}
        />
        <FileButton
          icon="image"
          text="Choose files"
          label={`Choose files: ${name}`}
          name={`${name}, files`}
          wanted={{ accept: ACCEPTED, isMultiple: true }}
          isSmall
          onFiles={(files) => onFiles(chosenFiles(files))}
        />
      </div>
    </fieldset>
  );
}
