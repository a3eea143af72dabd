import type Plot from 'uplot';
import { packetRate } from './figures.js';

export interface ChartLine {
  readonly label: string;
  /** Custom property of the style sheet that has its colour. */
  readonly colour: string;
}

const HEIGHT_PIXELS = 150;
const AXIS_PIXELS = 64;

/** Packets per second over time, drawn by uPlot, which is loaded as a script of its own. */
export class RateChart {
  private readonly plot: Plot;

  /**
   * @param place what it is drawn into, as wide as that is.
   * @param label what it shows, for those who do not see it.
   */
  constructor(place: HTMLElement, label: string, lines: readonly ChartLine[]) {
    place.setAttribute('role', 'img');
    place.setAttribute('aria-label', label);
    this.plot = new uPlot(optionsOf(place.clientWidth, lines), [[], ...lines.map(() => [])], place);
    new ResizeObserver(() => this.fit(place)).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.plot.redraw());
  }

  /**
   * Draws.
   *
   * @param times Unix times, seconds, in their order.
   * @param rates of each line, one a time; `null` where there is none.
   */
  draw(times: readonly number[], rates: readonly (readonly (number | null)[])[]): void {
    this.plot.setData([times, ...rates] as Plot.AlignedData);
  }

  private fit(place: HTMLElement): void {
    const width = place.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT_PIXELS });
  }
}

function optionsOf(width: number, lines: readonly ChartLine[]): Plot.Options {
  const axis = {
    stroke: () => colourOf('--faint'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  return {
    width: Math.max(width, 1),
    height: HEIGHT_PIXELS,
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      {
        ...axis,
        size: 28,
        space: 90,
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300],
        values: (_plot, times) => times.map(clockText),
      },
      { ...axis, size: AXIS_PIXELS, values: (_plot, rates) => rates.map((own) => packetRate(own)) },
    ],
    series: [
      { label: 'time', value: (_plot, time) => (time === null ? '' : clockText(time)) },
      ...lines.map(({ label, colour }) => ({
        label,
        stroke: () => colourOf(colour),
        width: 1.5,
        points: { show: false },
        value: (_plot: Plot, own: number | null) => packetRate(own),
      })),
    ],
  };
}

function clockText(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString('en-GB');
}

function colourOf(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
