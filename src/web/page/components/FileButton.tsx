/** A button that asks for one file. */
import { useRef } from 'preact/hooks';
import { Icon } from './Icon.tsx';

interface FileButtonProps {
  text: string;
  /** What the file input is called in `data-part`. */
  name: string;
  accept: string;
  onFile(file: File): void;
}

export function FileButton({ text, name, accept, onFile }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="buttons">
      <button type="button" onClick={() => input.current?.click()}>
        <Icon name="add" />
        {text}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        data-part={name}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
