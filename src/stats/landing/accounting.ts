import { type EngineState, malformedCounts, unclassifiedCounts, unmatchedCounts } from '../engine-state.js';
import { sumOf } from '../totals.js';
import { count } from './figures.js';
import { type Html, html, NOTHING } from './markup.js';
import type { RulesOverview } from './top-rules.js';

interface Term {
  readonly name: string;
  readonly value: number;
}

/** Both sides of an equation, each side counted for itself. */
interface Equation {
  readonly whole: Term;
  readonly parts: readonly Term[];
}

/** The accounting identity with its numbers, as of the last pass: what came in and where all of it is. */
export function accountingSection(state: EngineState, rules: RulesOverview): Html {
  const { totals, passCount, violationCount } = state.aggregator;
  const { identity } = totals;
  const verdict = identity.holds
    ? html`<b class="good">Every packet is accounted for.</b>`
    : html`<b class="bad">The accounting identity does not hold.</b>`;
  const violations = identity.violations.map((text) => html`<li>${text}</li>`);
  return html`<section aria-labelledby="accounting">
<h2 id="accounting">Accounting</h2>
<div id="accounting-now" data-live>
<p>${verdict} Checked in ${count(passCount)} ${passCount === 1 ? 'pass' : 'passes'}, ${count(violationCount)} ${violationCount === 1 ? 'violation' : 'violations'}.</p>
${violations.length > 0 ? html`<ul class="bad">${violations}</ul>` : NOTHING}
<ul class="equations">
${equationsOf(state, rules).map(equationLine)}</ul>
</div>
</section>`;
}

function equationsOf(state: EngineState, rules: RulesOverview): Equation[] {
  const { totals } = state.aggregator;
  const dropped = totals.interfaces.reduce((sum, own) => sum + sumOf(own.dropped), 0);
  const packetsOf = (counts: readonly { packets: number }[]) =>
    counts.reduce((sum, { packets }) => sum + packets, 0);
  return [
    {
      whole: { name: 'received', value: totals.received },
      parts: [
        { name: 'enqueued', value: totals.enqueued },
        { name: 'dropped', value: dropped },
      ],
    },
    {
      whole: { name: 'enqueued', value: totals.enqueued },
      parts: [
        { name: 'processed', value: totals.processed },
        ...(totals.lost === 0 ? [] : [{ name: 'lost with a worker', value: totals.lost }]),
        { name: 'in flight', value: totals.inRings },
      ],
    },
    {
      whole: { name: 'processed', value: totals.processed },
      parts: [
        { name: 'rules', value: rules.packets + rules.retiredPackets },
        { name: 'unmatched', value: packetsOf(unmatchedCounts(totals)) },
        { name: 'malformed', value: packetsOf(malformedCounts(totals)) },
        { name: 'unclassified', value: packetsOf(unclassifiedCounts(totals)) },
      ],
    },
  ];
}

function equationLine({ whole, parts }: Equation): Html {
  const holds = whole.value === parts.reduce((sum, { value }) => sum + value, 0);
  const mark = holds
    ? html`<span class="mark good" role="img" aria-label="holds">✓</span>`
    : html`<span class="mark bad" role="img" aria-label="does not hold">✗</span>`;
  const sum = parts.map((part, i) => termOf(part, i === 0 ? '= ' : '+ '));
  return html`<li>${mark} <div>${termOf(whole, '')}${sum}</div></li>\n`;
}

/** A sign and its term stay together where the line breaks. */
function termOf({ name, value }: Term, sign: string): Html {
  return html`<span class="term"><span class="name">${sign}</span><span class="figure">${count(value)}</span> <span class="name">${name}</span></span> `;
}
