/** The curves of a run: the loss, and the norms that drift apart. */
import { useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { Chart } from '../charts/Chart.tsx';
import { axis, chart, horizontal, hovered, line } from '../charts/options.ts';
import type { ChartTheme } from '../charts/theme.ts';
import type { Columns } from '../logic/curve.ts';
import { score, whole } from '../logic/format.ts';
import type { RunColumns } from '../logic/runCurves.ts';

const HEIGHT = 240;

const steps = (theme: ChartTheme) =>
  axis(theme, 'step', { ...horizontal, values: (_: uPlot, values: number[]) => values.map((value) => whole(value)) });

const lossOptions = (theme: ChartTheme) =>
  chart([steps(theme), axis(theme, 'loss')], [line(theme, 'total'), line(theme, 'normal', [6, 4])], {
    cursor: hovered,
    scales: { x: { time: false }, y: { range: (_, min, max) => margins(min, max) } },
  });

/** A tenth of room above and below; uPlot asks for a range before there are values, too. */
const margins = (min: number | null, max: number | null): [number, number] => {
  if (min === null || max === null) return [0, 1];
  const room = (max - min || 1) / 10;
  return [min - room, max + room];
};

const normOptions = (theme: ChartTheme) =>
  chart([steps(theme), axis(theme, 'mean norm')], [line(theme, 'normal'), line(theme, 'outlier')], {
    cursor: hovered,
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
  });

interface Line {
  name: string;
  /** The class of its key. */
  color: string;
}

export function TrainingCharts({ losses, norms }: RunColumns) {
  const hasOutliers = norms[2].some((value) => value !== null);
  return (
    <div class="grid2">
      <Panel
        title="Loss"
        help="Falls while the network learns to tell images apart."
        lines={[
          { name: 'total', color: 'total' },
          { name: 'contrastive', color: 'normal dashed' },
        ]}
        columns={losses}
        options={lossOptions}
      />
      <Panel
        title="Feature norms"
        help={
          hasOutliers
            ? 'Norms of normal images grow, norms of outliers are pulled to zero. The larger the gap, the better.'
            : 'The norm is the score. This method sees no outliers during training.'
        }
        lines={[{ name: 'normal', color: 'normal' }, ...(hasOutliers ? [{ name: 'outliers', color: 'outlier' }] : [])]}
        columns={norms}
        options={normOptions}
      />
    </div>
  );
}

interface PanelProps {
  title: string;
  help: string;
  lines: Line[];
  columns: Columns;
  options: typeof lossOptions;
}

function Panel({ title, help, lines, columns, options }: PanelProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const [steps, ...values] = columns;
  const valueAt = (line: number, index: number): string => {
    const value = values[line][index];
    return value == null ? '–' : score(value);
  };
  const last = steps.length - 1;
  const shown = pointed ?? last;
  const reach = last < 0 ? 'no step yet' : `steps ${whole(steps[0])} to ${whole(steps[last])}`;
  const words = lines.map(({ name }, line) => `${name} ${valueAt(line, last)}`).join(', ');
  return (
    <section class="card">
      <h3>{title}</h3>
      <p class="quiet">{help}</p>
      <ul class="legend">
        {lines.map(({ name, color }, line) => (
          <li key={name} class={`key ${color}`}>
            {name} <strong>{valueAt(line, shown)}</strong>
          </li>
        ))}
        {pointed !== null && <li class="quiet">step {whole(steps[pointed])}</li>}
      </ul>
      <Chart
        label={`${title}, ${reach}. At the end: ${words}.`}
        data={columns as uPlot.AlignedData}
        height={HEIGHT}
        options={options}
        onHover={setPointed}
      />
    </section>
  );
}
