/** The curves of a run: the loss, and the norms that drift apart. */
import { useMemo, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { Chart } from '../charts/Chart.tsx';
import { axis, type ChartOptions, chart, horizontal, hovered, line } from '../charts/options.ts';
import type { ChartTheme } from '../charts/theme.ts';
import { score, whole } from '../logic/format.ts';
import type { RunChart, RunColumns, RunLine } from '../logic/runCurves.ts';

const HEIGHT = 240;

const steps = (theme: ChartTheme) =>
  axis(theme, 'step', { ...horizontal, values: (_: uPlot, values: number[]) => values.map((value) => whole(value)) });

const COLORS = { total: 'total', normal: 'normal', outliers: 'outlier' } as const;

const lossOptions: OptionsOf = (lines) => (theme) =>
  chart(
    [steps(theme), axis(theme, 'loss')],
    lines.map(({ of }) => line(theme, COLORS[of], of === 'total' ? undefined : [6, 4])),
    {
      cursor: hovered,
      scales: { x: { time: false }, y: { range: (_, min, max) => margins(min, max) } },
    },
  );

/** A tenth of room above and below; uPlot asks for a range before there are values, too. */
const margins = (min: number | null, max: number | null): [number, number] => {
  if (min === null || max === null) return [0, 1];
  const room = (max - min || 1) / 10;
  return [min - room, max + room];
};

const normOptions: OptionsOf = (lines) => (theme) =>
  chart(
    [steps(theme), axis(theme, 'mean norm')],
    lines.map(({ of }) => line(theme, COLORS[of])),
    {
      cursor: hovered,
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, (max || 1) * 1.08] } },
    },
  );

type OptionsOf = (lines: readonly RunLine[]) => (theme: ChartTheme) => ChartOptions;

export function TrainingCharts({ losses, norms }: RunColumns) {
  const hasOutliers = norms.lines.some(({ of }) => of === 'outliers');
  return (
    <div class="grid2">
      <Panel
        title="Loss"
        help="Falls while the network learns to tell images apart."
        chart={losses}
        optionsOf={lossOptions}
      />
      <Panel
        title="Feature norms"
        help={
          hasOutliers
            ? 'Norms of normal images grow, norms of outliers are pulled to zero. The larger the gap, the better.'
            : 'Norm scores read them. This method sees no outliers during training.'
        }
        chart={norms}
        optionsOf={normOptions}
      />
    </div>
  );
}

interface PanelProps {
  title: string;
  help: string;
  chart: RunChart;
  optionsOf: OptionsOf;
}

function Panel({ title, help, chart: { lines, columns }, optionsOf }: PanelProps) {
  // another function redraws the chart; the lines stay the same array while a run goes
  const options = useMemo(() => optionsOf(lines), [lines, optionsOf]);
  const [pointed, setPointed] = useState<number | null>(null);
  const [steps, ...values] = columns;
  const valueAt = (line: number, index: number): string => {
    const value = values[line][index];
    return value == null ? '–' : score(value);
  };
  const last = steps.length - 1;
  const shown = pointed ?? last;
  const reach = last < 0 ? 'no step yet' : `steps ${whole(steps[0])} to ${whole(steps[last])}`;
  const words = lines.map((each, line) => `${each.title} ${valueAt(line, last)}`).join(', ');
  return (
    <section class="card">
      <h3>{title}</h3>
      <p class="quiet">{help}</p>
      <ul class="legend">
        {lines.map((each, line) => (
          <li
            key={each.title}
            class={`key ${COLORS[each.of]}${optionsOf === lossOptions && line > 0 ? ' dashed' : ''}`}
          >
            {each.title} <strong>{valueAt(line, shown)}</strong>
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
