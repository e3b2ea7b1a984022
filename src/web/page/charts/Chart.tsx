/** A canvas chart that follows its data, its width and the theme, with a text alternative. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartOptions } from './options.ts';
import { type ChartTheme, chartTheme, onThemeChange } from './theme.ts';

interface ChartProps {
  /** Text alternative: what the chart shows, with its main values. */
  label: string;
  data: uPlot.AlignedData;
  height: number;
  /** The chart is rebuilt when this function changes. */
  options: (theme: ChartTheme) => ChartOptions;
  /** Changes when marks move while the data stay the same. */
  marks?: number;
  /** Called with the pointer's x value while the button is down. */
  onPoint?(x: number): void;
  /** Called with the index of the data point under the pointer; null when it leaves. */
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
