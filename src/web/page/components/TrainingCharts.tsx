/** The curves of a run while it goes: the loss, and the norms that drift apart. */
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { Chart } from '../charts/Chart.tsx';
import { axis, chart, horizontal, line } from '../charts/options.ts';
import type { ChartTheme } from '../charts/theme.ts';
import type { Columns } from '../logic/curve.ts';
import { score, whole } from '../logic/format.ts';
import { useStore } from '../state.ts';

const HEIGHT = 240;

const steps = (theme: ChartTheme) =>
  axis(theme, 'step', { ...horizontal, values: (_: uPlot, values: number[]) => values.map((value) => whole(value)) });

const lossOptions = (theme: ChartTheme) =>
  chart([steps(theme), axis(theme, 'loss')], [line(theme, 'total'), line(theme, 'normal', [6, 4])], {
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
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
  });

const last = (column: readonly (number | null)[]): string => {
  const value = column.at(-1);
  return value == null ? '–' : score(value);
};

export function TrainingCharts() {
  const { training } = useStore();
  const drawn = training.drawn.value;
  // the curves are filled in place; `drawn` tells when
  const [losses, norms] = useMemo(() => [training.losses.columns(), training.norms.columns()], [drawn]);
  const hasOutliers = norms[2].some((value) => value !== null);
  return (
    <div class="grid2">
      <Panel
        title="Loss"
        help="Falls while the network learns to tell images apart."
        lines={[
          { name: 'total', color: 'total', value: last(losses[1]) },
          { name: 'contrastive', color: 'normal dashed', value: last(losses[2]) },
        ]}
        columns={losses}
        options={lossOptions}
      />
      <Panel
        title="Feature norms"
        help={
          hasOutliers
            ? 'Normal images move away from zero, outliers are drawn to it. The gap is what scores.'
            : 'The norm is the score. This method sees no outliers while it trains.'
        }
        lines={[
          { name: 'normal', color: 'normal', value: last(norms[1]) },
          ...(hasOutliers ? [{ name: 'outliers', color: 'outlier', value: last(norms[2]) }] : []),
        ]}
        columns={norms}
        options={normOptions}
      />
    </div>
  );
}

interface PanelProps {
  title: string;
  help: string;
  lines: { name: string; color: string; value: string }[];
  columns: Columns;
  options: typeof lossOptions;
}

function Panel({ title, help, lines, columns, options }: PanelProps) {
  const now = lines.map(({ name, value }) => `${name} ${value}`).join(', ');
  return (
    <section class="card">
      <h3>{title}</h3>
      <p class="quiet">{help}</p>
      <ul class="legend">
        {lines.map(({ name, color, value }) => (
          <li key={name} class={`key ${color}`}>
            {name} <strong>{value}</strong>
          </li>
        ))}
      </ul>
      <Chart
        label={`${title} over the steps. Now: ${now}.`}
        data={columns as uPlot.AlignedData}
        height={HEIGHT}
        options={options}
      />
    </section>
  );
}
