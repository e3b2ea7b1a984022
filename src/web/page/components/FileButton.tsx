/** A button that asks for files, or for a folder: a file input that looks like the other buttons. */
import { useRef } from 'preact/hooks';
import { Icon, type IconName } from './Icon.tsx';

interface FileButtonProps {
  icon: IconName;
  text: string;
  /** What a screen reader says instead of the text. */
  label?: string;
  /** The file input's `data-part`. */
  name: string;
  /** Accepted files; folders are chosen as a whole. */
  wanted: { accept: string; isMultiple: boolean } | 'folder';
  isSmall?: boolean;
  onFiles(files: FileList): void;
}

export function FileButton({ icon, text, label, name, wanted, isSmall, onFiles }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const kind =
    wanted === 'folder'
      ? { multiple: true, webkitdirectory: true }
      : { multiple: wanted.isMultiple, accept: wanted.accept };
  return (
    <>
      <button
        type="button"
        class={isSmall ? 'small' : undefined}
        aria-label={label}
        onClick={() => input.current?.click()}
      >
        <Icon name={icon} />
        {text}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        data-part={name}
        {...kind}
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files && files.length > 0) onFiles(files);
          event.currentTarget.value = ''; // the same files may be chosen again
        }}
      />
    </>
  );
}
