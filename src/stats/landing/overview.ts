import {
  FIRST_MALFORMED_SLOT,
  FIRST_UNCLASSIFIED_SLOT,
  FIRST_UNMATCHED_SLOT,
  MALFORMED_REASONS,
  UNCLASSIFIED_KINDS,
} from '../../counters/catalogue.js';
import { ACTIONS, type Action } from '../../rules/rule.js';
import { type EngineState, verdictPackets } from '../engine-state.js';
import { bitRate, count, duration, packetRate, share } from './figures.js';
import type { Loss } from './losses.js';
import { type Content, type Html, html, NOTHING } from './markup.js';
import type { RulesOverview } from './top-rules.js';

/** What a source that is no network gives the newcomer to know. */
const SOURCE_NOTES: Readonly<Record<string, string>> = {
  demo: 'This is generated traffic. To watch an interface, set UPE_SOURCE=afpacket and UPE_INTERFACE.',
};

/** A copy that is watched cannot be stopped. */
const VERDICT_TITLES: Readonly<Record<EngineState['mode'], Readonly<Record<Action, string>>>> = {
  watch: { count: 'Counted', drop: 'Would be dropped', forward: 'Forwarded' },
  bridge: { count: 'Counted', drop: 'Dropped by rules', forward: 'Forwarded' },
};

/** Which engine this is, and whether it is well. */
export function engineSection(state: EngineState, notReadyBecause: string | null): Html {
  const note = SOURCE_NOTES[state.source];
  const facts: [string, Content][] = [
    ['Source', state.isSourceFinished ? `${state.source} (finished)` : state.source],
    ['Mode', state.mode],
    ['Workers', count(state.aggregator.totals.workers.length)],
    ['Uptime', duration(state.uptimeMs)],
    [
      'State',
      notReadyBecause === null
        ? html`<b class="good">ready</b>`
        : html`<b class="bad">not ready: ${notReadyBecause}</b>`,
    ],
  ];
  return html`<section aria-label="Engine" id="engine" data-live>
<dl class="facts">
${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
${note === undefined ? NOTHING : html`<p class="note">${note}</p>`}
</section>`;
}

/** The large numbers: what came in, what the rules said to it, what was lost. */
export function totalsSection(state: EngineState, rules: RulesOverview, losses: readonly Loss[]): Html {
  const { totals, rates } = state.aggregator;
  const read = totals.interfaces.slice(0, state.readInterfaceCount);
  const sumOfRead = (rateOf: (interfaceIndex: number) => number) =>
    read.reduce((sum, _, i) => sum + rateOf(i), 0);
  const verdictRates = verdictRatesOf(state, rules);
  const received = [
    packetRate(sumOfRead((i) => rates.packets(i))),
    bitRate(sumOfRead((i) => rates.bytes(i))),
  ];
  const verdicts = verdictPackets(state).map(({ verdict, packets }) =>
    tile(VERDICT_TITLES[state.mode][verdict], packets, [
      packetRate(verdictRates[verdict]),
      share(packets, totals.processed),
    ]),
  );
  return html`<section aria-labelledby="totals">
<h2 id="totals">Totals</h2>
<dl class="tiles" id="totals-now" data-live>
${tile('Received', totals.received, received)}${verdicts}${lossTile(losses)}</dl>
</section>`;
}

/** Packets per second by verdict, as `verdictPackets` has their number. */
function verdictRatesOf({ aggregator, unjudged }: EngineState, rules: RulesOverview): Record<Action, number> {
  const { rates } = aggregator;
  const perSecond = { ...rules.perSecond };
  ACTIONS.forEach((action, i) => {
    perSecond[action] += rates.slotPackets(FIRST_UNMATCHED_SLOT + i);
  });
  perSecond[unjudged.malformed] += rates.slotPackets(FIRST_MALFORMED_SLOT, MALFORMED_REASONS.length);
  perSecond[unjudged.unclassified] += rates.slotPackets(FIRST_UNCLASSIFIED_SLOT, UNCLASSIFIED_KINDS.length);
  return perSecond;
}

function tile(name: string, packets: number, notes: readonly string[], className = ''): Html {
  return html`<div class="${className}"><dt>${name}</dt><dd class="figure">${count(packets)}</dd>${notes.map(
    (note) => html`<dd class="note">${note}</dd>`,
  )}</div>\n`;
}

function lossTile(losses: readonly Loss[]): Html {
  const certain = losses.filter(({ isCertain }) => isCertain);
  if (certain.length === 0) return tile('Lost', 0, ['nothing lost'], 'good');
  const packets = certain.reduce((sum, loss) => sum + loss.packets, 0);
  const reasons = new Set(certain.map(({ reason }) => reason));
  return tile(
    'Lost',
    packets,
    [reasons.size === 1 ? certain[0].reason : `for ${reasons.size} reasons, below`],
    'bad',
  );
}
