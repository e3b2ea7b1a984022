/**
 * Progress on standard error: in a terminal one line that is redrawn, elsewhere a plain line every few seconds. It shows
 * the current phase, its progress, the rate and the time remaining.
 */

import { duration } from '../base/duration.ts';
import { oneLine } from '../base/text.ts';
import type { TextOutput } from './textOutput.ts';

/** Milliseconds between updates: smooth in a terminal, sparse in a log. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;
/** The window, in milliseconds, for rate and time remaining, so that they follow changes in speed. */
const RATE_WINDOW = 20_000;

/** Rates over fewer milliseconds are meaningless: images from the cache arrive all at once. */
const SHORTEST_RATE = 200;

const BAR_WIDTH = 24;

export class Progress {
  private readonly output: TextOutput;
  private readonly clock: () => number;
  private label = '';
  private unit = '';
  private total: number | null = null;
  private done = 0;
  private perUnit = 1;
  private extra = '';
  private lastDrawn = -Infinity;
  private isDrawn = false;
  private history: { time: number; done: number }[] = [];

  constructor(output: TextOutput, clock: () => number = () => performance.now()) {
    this.output = output;
    this.clock = clock;
  }

  /**
   * Starts a phase.
   * @param total the number of units, null when unknown   @param unit what the rate counts, in the plural
   * @param perUnit how many of `unit` one unit of progress counts for: images per step   @param done units already done
   */
  begin(label: string, total: number | null, unit: string, { perUnit = 1, done = 0 } = {}): void {
    this.end();
    Object.assign(this, { label, total, unit, perUnit, done, extra: '' });
    this.lastDrawn = this.output.isTerminal ? -Infinity : this.clock();
    this.history = [{ time: this.clock(), done }];
  }

  update(done: number, extra = '', total = this.total): void {
    Object.assign(this, { done, extra, total });
    const now = this.clock();
    this.history.push({ time: now, done });
    while (this.history.length > 2 && this.history[0].time < now - RATE_WINDOW) this.history.shift();
    if (now - this.lastDrawn >= (this.output.isTerminal ? TERMINAL_INTERVAL : LOG_INTERVAL)) this.draw(now);
  }

  /** A permanent line, above the bar. */
  note(text: string): void {
    this.above(() => this.output.write(`${text}\n`));
  }

  /** Writes permanent lines above the bar. */
  above(write: () => void): void {
    this.erase();
    write();
    if (this.label && this.output.isTerminal) this.draw(this.clock());
  }

  /** Ends the phase: the line in the terminal disappears; a log gets the final state. */
  end(): void {
    if (!this.label) return;
    if (!this.output.isTerminal && this.history.length > 1) this.draw(this.clock());
    this.erase();
    this.label = '';
  }

  private draw(now: number): void {
    this.lastDrawn = now;
    const line = this.line();
    if (this.output.isTerminal) {
      this.output.redraw(line.slice(0, Math.max(this.output.columns - 1, 20)));
      this.isDrawn = true;
    } else {
      this.output.write(`${line}\n`);
    }
  }

  private erase(): void {
    if (this.isDrawn) this.output.redraw('');
    this.isDrawn = false;
  }

  private line(): string {
    const first = this.history[0];
    const last = this.history[this.history.length - 1];
    const seconds = (last.time - first.time) / 1000;
    const perSecond = seconds >= SHORTEST_RATE / 1000 ? (last.done - first.done) / seconds : 0;
    const parts = [this.label.padEnd(9)];
    if (this.total === null) parts.push(`${this.done} ${this.unit}`);
    else {
      const share = this.total > 0 ? Math.min(this.done / this.total, 1) : 1;
      if (this.output.isTerminal) parts.push(bar(share));
      parts.push(`${String(Math.floor(share * 100)).padStart(3)} %`);
    }
    if (perSecond > 0) parts.push(`${shortNumber(perSecond * this.perUnit)} ${this.unit}/s`);
    if (this.extra) parts.push(oneLine(this.extra));
    if (this.total !== null && perSecond > 0 && this.done < this.total) {
      parts.push(`${duration((this.total - this.done) / perSecond)} left`);
    }
    return parts.join('  ');
  }
}

const bar = (share: number): string => {
  const full = Math.round(share * BAR_WIDTH);
  return '━'.repeat(full) + '─'.repeat(BAR_WIDTH - full);
};

/** About three digits: 0.41, 7.3, 52, 12,300. */
export function shortNumber(value: number): string {
  if (value < 1) return value.toFixed(2);
  if (value < 10) return value.toFixed(1);
  return Math.round(value).toLocaleString('en-US');
}
