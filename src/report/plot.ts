/**
 * Three kinds of plots as SVG source: lines, overlaid histograms, ROC. Nothing runs in the reader's browser, so a report
 * works in an email, on paper and without scripts. Colors are CSS classes, so the page decides between light and dark.
 */
import { extent, mean, nice, ticks } from 'd3-array';
import { oneLine } from '../base/text.ts';
import { histogram } from './histogram.ts';

export interface Line {
  label: string;
  /** CSS class that sets its color. */
  color: string;
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  /** Dashed, to stay visible next to a line that overlaps it. */
  mark?: 'dashed';
}

export interface Marker {
  x: number;
  label: string;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

interface Scale {
  min: number;
  max: number;
  ticks: number[];
}

const WIDTH = 460;
const HEIGHT = 270;
const BOX: Box = { left: 46, top: 14, width: WIDTH - 46 - 22, height: HEIGHT - 14 - 42 };
/** Lines with more points are binned: the line shows means, a band the extremes. */
const MOST_POINTS = 160;
const BINS = 32;

/** Lines over a common x axis. Long ones are thinned to the mean of each bin, with a band from its minimum to its maximum. */
export function linePlot(options: {
  title: string;
  lines: readonly Line[];
  xLabel: string;
  markers?: readonly Marker[];
}): string {
  const thinned = options.lines.map((line) => ({ ...line, points: thin(line.x, line.y) }));
  const everyPoint = thinned.flatMap(({ points }) => points);
  const [left = 0, right = 1] = extent(everyPoint, (point) => point.x);
  const [low, high] = extent([0, ...everyPoint.flatMap((point) => [point.low, point.high])]) as [number, number];
  const x = niceScale(left, right, 6, false);
  const y = niceScale(low, high, 5, true);
  const at = placer(x, y);
  const shapes = thinned.map(({ points, color, mark, label }) => {
    const band =
      points.length < Math.max(...options.lines.map((line) => line.x.length))
        ? `<path class="band ${color}" d="${path([...points.map((p) => at(p.x, p.high)), ...[...points].reverse().map((p) => at(p.x, p.low))])}Z"/>`
        : '';
    const dash = mark ? ` ${mark}` : '';
    const d = path(points.map((p) => at(p.x, p.mean)));
    return `${band}<path class="line ${color}${dash}" d="${d}"><title>${escapeHtml(label)}</title></path>`;
  });
  const markers = (options.markers ?? []).map((marker) => verticalMarker(at(marker.x, y.max)[0], marker.label));
  return svg(options.title, [axes(x, y, options.xLabel), ...markers, ...shapes]);
}

/** Overlaid histograms; heights are shares of each group. */
export function histogramPlot(options: {
  title: string;
  groups: readonly { label: string; color: string; values: Iterable<number> }[];
  xLabel: string;
  markers?: readonly Marker[];
}): string {
  const { edges, shares } = histogram(
    options.groups.map(({ values }) => values),
    BINS,
  );
  const [low, high] = [edges[0], edges[BINS]];
  const x = niceScale(low, high, 8, true);
  const y = niceScale(0, Math.max(...shares.flat()), 4, true);
  const at = placer(x, y);
  const shapes = options.groups.map(({ color, label }, group) => {
    const outline = shares[group].flatMap((share, bin) => [at(edges[bin], share), at(edges[bin + 1], share)]);
    const d = `${path([at(low, 0), ...outline, at(high, 0)])}Z`;
    return `<path class="bars ${color}" d="${d}"><title>${escapeHtml(label)}</title></path>`;
  });
  const markers = (options.markers ?? []).map((marker) => verticalMarker(at(marker.x, y.max)[0], marker.label));
  return svg(options.title, [axes(x, y, options.xLabel, percentLabel), ...shapes, ...markers]);
}

/** The ROC curve, with the chance diagonal and a dot at the point with index `operating`. */
export function rocPlot(options: {
  title: string;
  falsePositiveRate: ArrayLike<number>;
  truePositiveRate: ArrayLike<number>;
  operating: number;
}): string {
  const unit = { min: 0, max: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };
  const at = placer(unit, unit);
  const points = Array.from(options.falsePositiveRate, (rate, i) => at(rate, options.truePositiveRate[i]));
  const [dotX, dotY] = points[options.operating];
  return svg(options.title, [
    axes(unit, unit, 'share of outliers accepted', percentLabel, percentLabel),
    `<path class="chance" d="${path([at(0, 0), at(1, 1)])}"/>`,
    `<path class="area normal" d="${path([at(0, 0), ...points, at(1, 0)])}Z"/>`,
    `<path class="line normal" d="${path(points)}"/>`,
    `<circle class="dot normal" cx="${dotX}" cy="${dotY}" r="4.5"/>`,
  ]);
}

export function legend(entries: readonly { label: string; color: string; mark?: 'dashed' | 'point' }[]): string {
  const items = entries.map(
    ({ label, color, mark }) =>
      `<span><i class="key ${color}${mark ? ` ${mark}` : ''}"></i>${escapeHtml(label)}</span>`,
  );
  return `<p class="legend">${items.join('')}</p>`;
}

export function escapeHtml(text: string): string {
  return oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** About `count` round ticks within [min, max]; `widen` extends both ends to a tick. A constant range is padded. */
export function niceScale(min: number, max: number, count: number, widen: boolean): Scale {
  const end = max > min ? max : min + (Math.abs(max) || 1);
  const [low, high] = widen ? nice(min, end, count) : [min, end];
  return { min: low, max: high, ticks: ticks(low, high, count) };
}

interface ThinPoint {
  x: number;
  mean: number;
  low: number;
  high: number;
}

function thin(x: ArrayLike<number>, y: ArrayLike<number>): ThinPoint[] {
  const perBin = Math.max(1, Math.ceil(x.length / MOST_POINTS));
  const points: ThinPoint[] = [];
  for (let start = 0; start < x.length; start += perBin) {
    const values = Array.from({ length: Math.min(perBin, x.length - start) }, (_, i) => y[start + i]);
    const middle = start + Math.floor((values.length - 1) / 2);
    const [low, high] = extent(values) as [number, number];
    points.push({ x: x[middle], mean: mean(values)!, low, high });
  }
  return points;
}

type Point = [number, number];

/** Converts data coordinates to SVG coordinates, rounded to a tenth of a unit. */
function placer(x: Scale, y: Scale): (x: number, y: number) => Point {
  const round = (value: number) => Math.round(value * 10) / 10;
  return (dataX, dataY) => [
    round(BOX.left + ((dataX - x.min) / (x.max - x.min)) * BOX.width),
    round(BOX.top + BOX.height - ((dataY - y.min) / (y.max - y.min)) * BOX.height),
  ];
}

const path = (points: readonly Point[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');

const percentLabel = (value: number): string => `${Math.round(value * 1000) / 10} %`;

type TickText = (tick: number) => string;

function axes(x: Scale, y: Scale, xLabel: string, yText: TickText = String, xText: TickText = String): string {
  const at = placer(x, y);
  const bottom = BOX.top + BOX.height;
  const right = BOX.left + BOX.width;
  const rows = y.ticks.map((tick) => {
    const level = at(x.min, tick)[1];
    const line = `<path class="grid" d="M${BOX.left} ${level}H${right}"/>`;
    return `${line}<text x="${BOX.left - 7}" y="${level + 4}" text-anchor="end">${yText(tick)}</text>`;
  });
  const columns = x.ticks.map(
    (tick) => `<text x="${at(tick, y.min)[0]}" y="${bottom + 17}" text-anchor="middle">${xText(tick)}</text>`,
  );
  const base = `<path class="axis" d="M${BOX.left} ${bottom}H${right}"/>`;
  const label = `<text class="label" x="${BOX.left + BOX.width / 2}" y="${HEIGHT - 5}" text-anchor="middle">${escapeHtml(xLabel)}</text>`;
  return [...rows, ...columns, base, label].join('');
}

function verticalMarker(x: number, label: string): string {
  const isRight = x > BOX.left + BOX.width * 0.6;
  const text = `<text class="note" x="${isRight ? x - 5 : x + 5}" y="${BOX.top + 9}" text-anchor="${isRight ? 'end' : 'start'}">${escapeHtml(label)}</text>`;
  return `<path class="marker" d="M${x} ${BOX.top}V${BOX.top + BOX.height}"/>${text}`;
}

function svg(title: string, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${parts.join('')}</svg>`;
}
