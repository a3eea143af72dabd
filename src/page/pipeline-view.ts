import { byId, element } from './elements.js';
import type { PassEvent } from './events.js';
import { RateChart } from './rate-chart.js';

/** Passes that the chart shows: at one a second, five minutes. */
const PASSES = 300;
/** Time in which what moves between two stations goes on by one dot, seconds, with little traffic and with much. */
const PACE_SECONDS_MAX = 1.6;
const PACE_SECONDS_MIN = 0.3;

/** What moves on the picture of the pipeline, and the chart below it. */
export class PipelineView {
  private readonly chart: RateChart;
  private readonly times: number[] = [];
  private readonly received: (number | null)[] = [];
  private readonly dropped: (number | null)[] = [];
  private readonly lost: (number | null)[] = [];
  private last: PassEvent | null = null;
  private pace = '';

  constructor() {
    const place = element('div', { class: 'chart', id: 'pipeline-chart' });
    byId('pipeline-now').after(place);
    this.chart = new RateChart(place, 'Packets per second over the last five minutes', [
      { label: 'received', colour: '--link' },
      { label: 'drop verdicts', colour: '--warm' },
      { label: 'lost', colour: '--bad' },
    ]);
  }

  /** Another pass. */
  show(pass: PassEvent): void {
    const { last } = this;
    if (last !== null && pass.at_ms <= last.at_ms) return;
    const seconds = last === null ? null : (pass.at_ms - last.at_ms) / 1000;
    const lost = seconds === null || last === null ? null : Math.max(0, pass.lost - last.lost) / seconds;
    this.last = pass;
    this.times.push(pass.at_ms / 1000);
    this.received.push(pass.received.packets_per_second);
    this.dropped.push(pass.verdicts.drop.packets_per_second);
    this.lost.push(lost);
    for (const list of [this.times, this.received, this.dropped, this.lost]) {
      if (list.length > PASSES) list.shift();
    }
    this.chart.draw(this.times, [this.received, this.dropped, this.lost]);
    this.move(pass.received.packets_per_second ?? 0);
  }

  /** Faster by a step for each ten times as many packets; a step at a time, because another pace is a jump. */
  private move(perSecond: number): void {
    const steps = Math.floor(Math.log10(perSecond + 1));
    const seconds = Math.max(PACE_SECONDS_MIN, PACE_SECONDS_MAX - 0.25 * steps);
    const pace = perSecond === 0 ? 'none' : `${seconds.toFixed(2)}s`;
    const picture = document.querySelector<HTMLElement>('.pipeline');
    if (picture === null || (pace === this.pace && picture.style.getPropertyValue('--pace') !== '')) return;
    this.pace = pace;
    picture.style.setProperty('--pace', pace === 'none' ? '1s' : pace);
    picture.classList.toggle('still', pace === 'none');
  }
}
