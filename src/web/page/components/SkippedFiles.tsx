/** Files that were left out, with reasons; collapsed, as folders of pictures often contain other files. */
import { oneLine } from '../../../base/text.ts';
import type { SkippedFile } from '../../../data/imageSet.ts';
import { counted } from '../logic/format.ts';

/** A list of hundreds would not help. */
const MOST_LISTED = 50;

export function SkippedFiles({ files }: { files: readonly SkippedFile[] }) {
  if (files.length === 0) return null;
  return (
    <details class="skipped">
      <summary>{counted(files.length, 'file')} left out</summary>
      <ul>
        {files.slice(0, MOST_LISTED).map(({ file, reason }) => (
          <li key={file}>
            <strong>{oneLine(file)}</strong>: {reason}
          </li>
        ))}
        {files.length > MOST_LISTED && <li>and {counted(files.length - MOST_LISTED, 'more file')}</li>}
      </ul>
    </details>
  );
}
