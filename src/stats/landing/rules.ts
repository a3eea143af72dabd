import type { PassEvent } from '../../page/events.js';
import { count, packetRate, share } from '../../page/figures.js';
import { NO_RULE_NAMES } from '../../page/no-rule.js';
import type { EngineState } from '../engine-state.js';
import type { LiveRule } from '../rule-series.js';
import { ago, figure } from './figures.js';
import { type Column, type Html, html, NOTHING, type Row, table } from './markup.js';
import type { RulesOverview } from './top-rules.js';

/** Hexadecimal digits of the rule file's SHA-256 that tell two files apart at a glance. */
const SHORT_SHA_DIGITS = 12;
/** Problems of a rule file that could not be loaded; `upe check` says all of them. */
const PROBLEMS_MAX = 5;
const PROBLEM_CHARACTERS_MAX = 300;

const COLUMNS: readonly Column[] = [
  { title: 'rule', kind: 'text' },
  { title: 'action', kind: 'text' },
  { title: 'match', kind: 'wide' },
  { title: 'packets', kind: 'number' },
  { title: 'rate', kind: 'number' },
  { title: 'share', kind: 'number' },
  { title: 'last match', kind: 'number' },
];

/** The rule table: where it comes from, and the rules that see most. */
export function rulesSection(state: EngineState, pass: PassEvent, rules: RulesOverview): Html {
  const { notice } = state.series;
  const { reload } = state;
  const { atMs } = state.aggregator.totals;
  const ruleCount = notice.live.length;
  return html`<section aria-labelledby="rules">
<h2 id="rules">Rules</h2>
<div id="rules-loaded" data-live>
<p>${figure(pass, 'rules.total')} ${ruleCount === 1 ? 'rule' : 'rules'}, ${rules.unusedCount === 0 ? 'all of them matched' : html`${figure(pass, 'rules.never_matched')} never matched`};
generation ${reload.generation}, sha256 <code title="${notice.sha256}">${notice.sha256.slice(0, SHORT_SHA_DIGITS)}</code>,
loaded ${ago(reload.successMs, atMs)}.</p>
${reload.successful ? NOTHING : failureBox(state)}
</div>
${table('rules-now', 'Rules by packets', COLUMNS, [...ruleRows(state, rules), ...otherRows(state, pass, rules)])}
</section>`;
}

function failureBox({ reload, aggregator }: EngineState): Html {
  const { failure } = reload;
  const problems = failure?.problems ?? [];
  const shown = problems.slice(0, PROBLEMS_MAX).map((problem) => html`<li>${clip(problem)}</li>`);
  const when = failure === null ? NOTHING : html` ${ago(failure.atMs, aggregator.totals.atMs)}`;
  const more = problems.length - shown.length;
  return html`<div class="failure"><p><b class="bad">The last reload failed</b>${when}: the rules before it stay in use.</p>
<ul>${shown}</ul>${more > 0 ? html`<p>And ${count(more)} more; <code>upe check</code> says all.</p>` : NOTHING}</div>`;
}

function clip(text: string): string {
  return text.length <= PROBLEM_CHARACTERS_MAX ? text : `${text.slice(0, PROBLEM_CHARACTERS_MAX)}…`;
}

function ruleRows(state: EngineState, rules: RulesOverview): Row[] {
  const { slots, atMs } = state.aggregator.totals;
  return rules.top.map((rule) => {
    const { packets, lastMs } = state.series.counts(rule, slots);
    return row(state, {
      name: rule.rule,
      action: actionText(rule),
      match: rule.matchText || 'every packet',
      packets,
      perSecond: state.aggregator.rates.slotPackets(rule.slot),
      last: lastMs === 0 ? html`never` : ago(lastMs, atMs),
      isFaint: packets === 0,
    });
  });
}

function actionText({ action, outInterface }: LiveRule): string {
  return outInterface === null ? action : `${action} to ${outInterface}`;
}

/** What the rules above leave of all that was processed, so that the column adds up. */
function otherRows(state: EngineState, pass: PassEvent, rules: RulesOverview): Row[] {
  const { aggregator, series } = state;
  const { rates, totals } = aggregator;
  const rows: Row[] = [];
  const add = (name: string, action: string, packets: number, perSecond: number | null) =>
    rows.push(
      row(state, { name, action, match: '', packets, perSecond, last: NOTHING, isFaint: packets === 0 }),
    );

  const restCount = series.notice.live.length - rules.top.length;
  if (restCount > 0) {
    const topPackets = rules.top.reduce((sum, rule) => sum + series.packets(rule, totals.slots), 0);
    const topRate = rules.top.reduce((sum, { slot }) => sum + rates.slotPackets(slot), 0);
    const allRates = rules.perSecond.count + rules.perSecond.drop + rules.perSecond.forward;
    add(
      `(${count(restCount)} more ${restCount === 1 ? 'rule' : 'rules'})`,
      '',
      rules.packets - topPackets,
      // A sum of fractions less a sum of fractions is never quite 0.
      Math.max(0, Math.round(allRates - topRate)),
    );
  }
  for (const { kind, action, packets, packets_per_second } of pass.no_rule)
    add(NO_RULE_NAMES[kind], action ?? '', packets, packets_per_second);
  return rows;
}

interface Line {
  readonly name: string;
  readonly action: string;
  readonly match: string;
  readonly packets: number;
  readonly perSecond: number | null;
  readonly last: Html;
  readonly isFaint: boolean;
}

function row(state: EngineState, line: Line): Row {
  const { processed } = state.aggregator.totals;
  // The cell may be too narrow for it.
  const match = line.match === '' ? NOTHING : html`<span title="${line.match}">${line.match}</span>`;
  return {
    cells: [
      line.name,
      line.action,
      match,
      count(line.packets),
      packetRate(line.perSecond),
      share(line.packets, processed),
      line.last,
    ],
    isFaint: line.isFaint,
  };
}
