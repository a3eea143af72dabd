import type { PassEvent } from '../../page/events.js';
import { count } from '../../page/figures.js';
import { figureAt } from '../../page/pass-figures.js';
import { ACTIONS, type Action } from '../../rules/rule.js';
import type { EngineState } from '../engine-state.js';
import { figure } from './figures.js';
import type { Loss } from './losses.js';
import { type Content, type Html, html } from './markup.js';

/** A copy that is watched cannot be stopped. */
const VERDICT_TITLES: Readonly<Record<EngineState['mode'], Readonly<Record<Action, string>>>> = {
  watch: { count: 'Counted', drop: 'Would be dropped', forward: 'Forwarded' },
  bridge: { count: 'Counted', drop: 'Dropped by rules', forward: 'Forwarded' },
};

/** One thing after the other on a packet's way: what went through it, and what was lost there. */
interface Station {
  readonly name: string;
  readonly note: string;
  readonly lead: Html;
  readonly lines: readonly Html[];
  readonly losses: readonly Html[];
}

/** The way of the packets, with what moves on it: a list of lists, which style.ts makes a picture. */
export function pipelineSection(state: EngineState, pass: PassEvent, losses: readonly Loss[]): Html {
  const stations = [
    sourceStation(state, pass),
    ringStation(pass),
    workerStation(pass),
    verdictStation(state, pass),
  ];
  return html`<section aria-labelledby="pipeline">
<h2 id="pipeline">Pipeline</h2>
<div id="pipeline-now" data-live>
${lossLine(pass, losses)}
<ol class="pipeline">
${stations.map(stationItem)}</ol>
</div>
</section>`;
}

function lossLine(pass: PassEvent, losses: readonly Loss[]): Html {
  const reasons = new Set(losses.filter(({ isCertain }) => isCertain).map(({ reason }) => reason));
  if (reasons.size === 0) return html`<p class="good" id="lost">Nothing was lost.</p>`;
  const why = reasons.size === 1 ? [...reasons][0] : `for ${reasons.size} reasons`;
  return html`<p class="bad" id="lost"><b>${figure(pass, 'lost')} lost</b>, ${why}: see <a href="#losses">Losses</a>.</p>`;
}

function stationItem({ name, note, lead, lines, losses }: Station): Html {
  return html`<li class="station">
<h3>${name} <small>${note}</small></h3>
<p class="lead">${lead}</p>
<dl>${lines}</dl>
<dl class="losses">${losses}</dl>
<span class="flow" aria-hidden="true"><i></i></span>
</li>\n`;
}

function sourceStation(state: EngineState, pass: PassEvent): Station {
  const names = pass.interfaces.slice(0, state.readInterfaceCount).map((own) => own.interface);
  return {
    name: 'Source',
    note: names.join(', '),
    lead: html`${figure(pass, 'received.packets')} <span class="note">received</span>`,
    lines: [
      line('rate', figure(pass, 'received.packets_per_second', 'packetRate')),
      line('bits', figure(pass, 'received.bytes_per_second', 'bitRate')),
    ],
    losses: [
      loss(pass, 'kernel ring full', 'lost_before.kernel_ring'),
      loss(pass, 'missed by the card', 'lost_before.missed'),
    ],
  };
}

function ringStation(pass: PassEvent): Station {
  const { workers, ring_slots: slots, pool } = pass;
  const rings = workers.map((_, i) =>
    line(`ring ${i}`, html`${meter(pass, `workers.${i}.ring_used`, slots, `ring ${i}`)}`),
  );
  return {
    name: workers.length === 1 ? 'Ring' : 'Rings',
    note: `${count(slots)} slots`,
    lead: html`${figure(pass, 'accounting.enqueued')} <span class="note">enqueued</span>`,
    lines: [
      ...rings,
      line(
        'buffers free',
        html`${figure(pass, 'pool.free')} <span class="note">of ${count(pool.buffers)}</span>`,
      ),
    ],
    losses: [
      loss(pass, 'ring full', 'dropped.ring_full'),
      loss(pass, 'pool exhausted', 'dropped.pool_exhausted'),
    ],
  };
}

function workerStation(pass: PassEvent): Station {
  return {
    name: pass.workers.length === 1 ? 'Worker' : 'Workers',
    note: 'parse, match, count',
    lead: html`${figure(pass, 'accounting.processed')} <span class="note">processed</span>`,
    lines: pass.workers.map((_, i) =>
      line(
        `worker ${i}`,
        html`${figure(pass, `workers.${i}.packets_per_second`, 'packetRate')} <span class="note beside">${figure(pass, `workers.${i}.busy_ratio`, 'roughRatio')} busy</span>`,
      ),
    ),
    losses: [loss(pass, 'lost with a worker', 'worker_lost')],
  };
}

function verdictStation({ mode, live }: EngineState, pass: PassEvent): Station {
  const verdicts = ACTIONS.map((action) =>
    line(
      VERDICT_TITLES[mode][action],
      html`${figure(pass, `verdicts.${action}.packets`)} <span class="note beside">${figure(pass, `verdicts.${action}.packets_per_second`, 'packetRate')}</span>`,
    ),
  );
  return {
    name: 'Verdicts',
    note: mode === 'bridge' ? 'between two ports' : 'watching',
    lead: html`${figure(pass, 'rules.total')} <span class="note">rules</span>`,
    lines: live === null ? verdicts : [...verdicts, line('Sent', figure(pass, 'sent.packets'))],
    losses: [loss(pass, 'failed to be sent', 'send_failed')],
  };
}

function line(name: string, value: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`;
}

/** What was lost at a station; the script gives it its colour when it becomes more than nothing. */
function loss(pass: PassEvent, name: string, path: string): Html {
  const className = (figureAt(pass, path) ?? 0) > 0 ? 'bad' : 'none';
  return html`<div class="${className}" data-loss="${path}"><dt>${name}</dt><dd>${figure(pass, path)}</dd></div>\n`;
}

function meter(pass: PassEvent, path: string, max: number, label: string): Html {
  const value = figureAt(pass, path) ?? 0;
  return html`<meter data-meter="${path}" min="0" max="${max}" high="${0.8 * max}" optimum="0" value="${value}" aria-label="${label}, slots in use"></meter> <span class="beside">${figure(pass, path)}</span>`;
}
