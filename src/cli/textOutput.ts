/** Standard output and standard error: the only place that writes text to a terminal. It escapes unsafe characters. */
import { visible } from '../base/text.ts';

export interface TextOutput {
  /** Writes whole lines. Control characters are escaped. */
  write(text: string): void;
  /** Redraws the last line of the terminal; '' erases it. */
  redraw(line: string): void;
  isTerminal: boolean;
  /** Terminal width in characters. */
  columns: number;
}

/** The members of a process's stream that are used here. */
interface Stream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export function textOutput(stream: Stream): TextOutput {
  return {
    write: (text) => void stream.write(visible(text)),
    redraw: (line) => void stream.write(`\r\x1b[2K${visible(line)}`),
    get isTerminal() {
      return stream.isTTY ?? false;
    },
    get columns() {
      return stream.columns ?? 100;
    },
  };
}
