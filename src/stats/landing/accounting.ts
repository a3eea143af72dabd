import type { PassEvent } from '../../page/events.js';
import { figureAt } from '../../page/pass-figures.js';
import type { Identity } from '../identity.js';
import { figure } from './figures.js';
import { type Html, html, NOTHING } from './markup.js';

interface Term {
  readonly name: string;
  /** Where the figure is in the pass. */
  readonly path: string;
}

/** Both sides of an equation, each side counted for itself. */
interface Equation {
  readonly whole: Term;
  readonly parts: readonly Term[];
}

/** The accounting identity with its numbers, as of the last pass: what came in and where all of it is. */
export function accountingSection(pass: PassEvent, identity: Identity): Html {
  const { passes, violations: violationCount } = pass.accounting;
  const verdict = identity.holds
    ? html`<b class="good">Every packet is accounted for.</b>`
    : html`<b class="bad">The accounting identity does not hold.</b>`;
  const violations = identity.violations.map((text) => html`<li>${text}</li>`);
  return html`<section aria-labelledby="accounting">
<h2 id="accounting">Accounting</h2>
<div id="accounting-now" data-live>
<p>${verdict} Checked in ${figure(pass, 'accounting.passes')} ${passes === 1 ? 'pass' : 'passes'}, ${figure(pass, 'accounting.violations')} ${violationCount === 1 ? 'violation' : 'violations'}.</p>
${violations.length > 0 ? html`<ul class="bad">${violations}</ul>` : NOTHING}
<ul class="equations">
${equationsOf(pass).map((equation) => equationLine(pass, equation))}</ul>
</div>
</section>`;
}

function equationsOf({ worker_lost }: PassEvent): Equation[] {
  return [
    { whole: term('received', 'received.packets'), parts: [term('enqueued'), term('dropped')] },
    {
      whole: term('enqueued'),
      parts: [
        term('processed'),
        ...(worker_lost === 0 ? [] : [term('lost with a worker', 'accounting.lost')]),
        term('in flight', 'accounting.in_flight'),
      ],
    },
    {
      whole: term('processed'),
      parts: [term('rules'), term('unmatched'), term('malformed'), term('unclassified')],
    },
  ];
}

function term(name: string, path = `accounting.${name}`): Term {
  return { name, path };
}

function equationLine(pass: PassEvent, { whole, parts }: Equation): Html {
  const figureOf = ({ path }: Term) => figureAt(pass, path) ?? 0;
  const holds = figureOf(whole) === parts.reduce((sum, own) => sum + figureOf(own), 0);
  const mark = holds
    ? html`<span class="mark good" role="img" aria-label="holds">✓</span>`
    : html`<span class="mark bad" role="img" aria-label="does not hold">✗</span>`;
  const sum = parts.map((part, i) => termText(pass, part, i === 0 ? '= ' : '+ '));
  return html`<li>${mark} <div>${termText(pass, whole, '')}${sum}</div></li>\n`;
}

/** A sign and its term stay together where the line breaks. */
function termText(pass: PassEvent, { name, path }: Term, sign: string): Html {
  return html`<span class="term"><span class="name">${sign}</span>${figure(pass, path)} <span class="name">${name}</span></span> `;
}
