/** A place to drop files on, and two buttons that do the same from the keyboard. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { GivenFile } from '../../pageApi.ts';
import { chosenFiles, droppedFiles } from '../logic/dropped.ts';
import { FileButton } from './FileButton.tsx';

interface DropZoneProps {
  /** Said by the buttons to a screen reader: Choose files: normal images. */
  name: string;
  isDisabled: boolean;
  onFiles(files: GivenFile[]): void;
  children?: ComponentChildren;
}

const ACCEPTED = 'image/jpeg,image/png,image/bmp,.jpg,.jpeg,.png,.bmp,.zip,application/zip';

export function DropZone({ name, isDisabled, onFiles, children }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!isDisabled && event.dataTransfer) onFiles(await droppedFiles(event.dataTransfer));
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
