/** A canvas chart that follows its data, its width and the theme, with words for those who cannot see it. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartOptions } from './options.ts';
import { type ChartTheme, chartTheme, onThemeChange } from './theme.ts';

interface ChartProps {
  /** What the chart shows, and its main figures. */
  label: string;
  data: uPlot.AlignedData;
  height: number;
  /** Another function makes the chart anew. */
  options: (theme: ChartTheme) => ChartOptions;
  /** Changes when marks move though the data stay. */
  marks?: number;
  /** The value of the x axis that was pointed at, while the button is down. */
  onPoint?(x: number): void;
  /** The data point that the pointer is over; null when it has left. */
  onHover?(index: number | null): void;
}

export function Chart({ label, data, height, options, marks, onPoint, onHover }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = place.current!;
    const draw = () => {
      plot.current?.destroy();
      const size = { width: element.clientWidth, height };
      const asked = options(chartTheme(element));
      const hover = onHover && { setCursor: [(u: uPlot) => onHover(u.cursor.idx ?? null)] };
      const hooks = { ...asked.hooks, ...hover };
      plot.current = new uPlot({ ...asked, hooks, ...size }, latest.current, element);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const stop = onThemeChange(draw);
    return () => {
      observer.disconnect();
      stop();
      plot.current?.destroy();
    };
  }, [height, options, onHover]);

  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => plot.current?.redraw(false), [marks]);

  const point = (event: PointerEvent) => {
    if (event.buttons !== 1 || !plot.current || !onPoint) return;
    const { left } = plot.current.over.getBoundingClientRect();
    onPoint(plot.current.posToVal(event.clientX - left, 'x'));
  };
  return (
    <div
      ref={place}
      class={onPoint ? 'chart pointable' : 'chart'}
      role="img"
      aria-label={label}
      onPointerDown={point}
      onPointerMove={point}
    />
  );
}
