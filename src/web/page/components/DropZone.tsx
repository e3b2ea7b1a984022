/** A place to drop files on, and two buttons that do the same from the keyboard. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { GivenFile } from '../../pageApi.ts';
import { chosenFiles, droppedFiles } from '../logic/dropped.ts';
import { Icon } from './Icon.tsx';

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
        <Chooser icon="folder" text="Choose folder" name={name} isFolder onFiles={onFiles} />
        <Chooser icon="image" text="Choose files" name={name} onFiles={onFiles} />
      </div>
    </fieldset>
  );
}

interface ChooserProps {
  icon: 'folder' | 'image';
  text: string;
  name: string;
  isFolder?: boolean;
  onFiles(files: GivenFile[]): void;
}

function Chooser({ icon, text, name, isFolder, onFiles }: ChooserProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="small" aria-label={`${text}: ${name}`} onClick={() => input.current?.click()}>
        <Icon name={icon} />
        {text}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        {...(isFolder ? { webkitdirectory: true } : { accept: ACCEPTED })}
        data-part={`${name}, ${isFolder ? 'folder' : 'files'}`}
        onChange={(event) => {
          const list = event.currentTarget.files;
          if (list) onFiles(chosenFiles(list));
          event.currentTarget.value = ''; // the same files may be chosen again
        }}
      />
    </>
  );
}
