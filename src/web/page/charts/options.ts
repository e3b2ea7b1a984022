/** Options for uPlot: uniform axes, and lines, bars and marks in the page's colors. */
import uPlot from 'uplot';
import { type ChartTheme, faded } from './theme.ts';

/** A chart's options except its size, which depends on its container. */
export type ChartOptions = Omit<uPlot.Options, 'width' | 'height'>;

export type Color = 'normal' | 'outlier' | 'total';

export function axis(theme: ChartTheme, label: string, more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  return {
    label,
    labelFont: theme.font,
    font: theme.font,
    stroke: theme.muted,
    labelSize: 20,
    size: 42,
    grid: { stroke: theme.line, width: 1 },
    ticks: { stroke: theme.line, width: 1, size: 5 },
    ...more,
  };
}

/** A line that follows the pointer. */
export const hovered = { show: true, y: false, drag: { x: false, y: false } } satisfies uPlot.Cursor;

export const horizontal = { size: 30, labelSize: 18, space: 60 } satisfies Partial<uPlot.Axis>;

export function line(theme: ChartTheme, color: Color, dash?: number[]): uPlot.Series {
  return { stroke: theme[color], width: 2, dash, points: { show: false }, spanGaps: true };
}

/** Stepped bars, filled: data points are the left edges of the bins. */
export function bars(theme: ChartTheme, color: Color): uPlot.Series {
  return {
    stroke: theme[color],
    fill: faded(theme[color], 0.28),
    width: 1.5,
    points: { show: false },
    paths: uPlot.paths.stepped!({ align: 1 }),
  };
}

/** Chart options with the parts that all share. */
export function chart(
  axes: [uPlot.Axis, uPlot.Axis],
  series: uPlot.Series[],
  more: Partial<ChartOptions>,
): ChartOptions {
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [10, 22, 0, 0],
    axes,
    series: [{}, ...series],
    ...more,
  };
}

/** A dashed vertical line with a label at its top. */
export function verticalMark(u: uPlot, x: number, label: string, theme: ChartTheme): void {
  const { ctx, bbox } = u;
  const at = Math.round(u.valToPos(x, 'x', true));
  if (at < bbox.left - 1 || at > bbox.left + bbox.width + 1) return;
  ctx.save();
  ctx.strokeStyle = theme.ink;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = scaled(theme.font);
  const isRight = at > bbox.left + bbox.width * 0.6;
  ctx.textAlign = isRight ? 'right' : 'left';
  ctx.textBaseline = 'top';
  ctx.lineJoin = 'round';
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.strokeStyle = theme.card;
  ctx.fillStyle = theme.ink;
  const x0 = at + (isRight ? -7 : 7) * devicePixelRatio;
  ctx.strokeText(label, x0, bbox.top + 2 * devicePixelRatio);
  ctx.fillText(label, x0, bbox.top + 2 * devicePixelRatio);
  ctx.restore();
}

export function dot(u: uPlot, x: number, y: number, color: string, theme: ChartTheme): void {
  const { ctx } = u;
  ctx.save();
  ctx.beginPath();
  ctx.arc(u.valToPos(x, 'x', true), u.valToPos(y, 'y', true), 6 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fillStyle = color;
  ctx.strokeStyle = theme.card;
  ctx.lineWidth = 2.5 * devicePixelRatio;
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

const scaled = (font: string): string => font.replace(/^(\d+)px/, (_, size) => `${Number(size) * devicePixelRatio}px`);

/** Shares as whole percent on an axis. */
export const percentTicks = (_: uPlot, values: number[]): string[] =>
  values.map((value) => `${Number((value * 100).toFixed(1))} %`);
