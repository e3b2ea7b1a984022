/** Standard output and standard error: the one place where text reaches a terminal, made safe to show. */
import { visible } from '../base/text.ts';

export interface TextOutput {
  /** Whole lines. Control characters in them are shown as escapes. */
  write(text: string): void;
  /** Draws the terminal's last line over; '' erases it. */
  redraw(line: string): void;
  isTerminal: boolean;
  /** Width of the terminal in characters. */
  columns: number;
}

/** What is used of a process's stream. */
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
