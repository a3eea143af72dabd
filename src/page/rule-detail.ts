import { ApiProblem, ask } from './api.js';
import { element, setText } from './elements.js';
import { explainForm } from './explain-form.js';
import { agoText, bitRate, byteCount, count, packetRate } from './figures.js';
import { RateChart } from './rate-chart.js';
import { RuleCounts } from './rule-counts.js';
import { actionText, type ListedRule, type RuleFacts } from './rule-list.js';
import { TopTalkers } from './top-talkers.js';

/** How often what the events do not tell is asked for, milliseconds. */
const ASK_MS = 5000;

/** What is shown of a rule, in the order in which it is. */
const FACTS = [
  'packets',
  'rate',
  'bytes',
  'bits',
  'last match',
  'in the table',
  'priority',
  'action',
] as const;
type Fact = (typeof FACTS)[number];

/** One rule, in a dialog beside the table. What it shows is said by the address, so that it can be linked. */
export class RuleDetail {
  private readonly dialog = element('dialog', { class: 'detail', 'aria-labelledby': 'detail-name' });
  private readonly name = element('h2', { id: 'detail-name' });
  private readonly match = element('code', { class: 'match' });
  private readonly notice = element('p', { class: 'note' });
  private readonly values = new Map<Fact, HTMLElement>(FACTS.map((fact) => [fact, element('dd')]));
  private readonly chartPlace = element('div', { class: 'chart' });
  private readonly explainPlace = element('div');
  private readonly talkers = new TopTalkers();
  private chart: RateChart | null = null;
  private rules: readonly ListedRule[] = [];
  private counts = new RuleCounts();
  private rule: ListedRule | null = null;
  private askedMs = Number.NEGATIVE_INFINITY;

  /** @param onClose the dialog has gone. */
  constructor(private readonly onClose: () => void) {
    const close = element('button', { type: 'button' }, 'Close');
    close.addEventListener('click', () => this.dialog.close());
    const facts = FACTS.map((fact) =>
      element('div', {}, element('dt', {}, fact), this.values.get(fact) as HTMLElement),
    );
    this.dialog.append(
      element('header', {}, this.name, close),
      element('p', {}, this.match),
      this.notice,
      element('dl', { class: 'facts' }, ...facts),
      this.chartPlace,
      this.talkers.section,
      this.explainPlace,
    );
    this.dialog.addEventListener('close', () => this.leave());
    document.body.append(this.dialog);
    addEventListener('hashchange', () => this.follow());
  }

  /** Other rules are in use, and these are their counts. */
  begin(rules: readonly ListedRule[], counts: RuleCounts): void {
    this.rules = rules;
    this.counts = counts;
    this.follow();
  }

  /** The counts are those of another pass. */
  update(): void {
    const { rule, counts } = this;
    if (rule === null) return;
    const position = rule.position - 1;
    this.set('packets', count(counts.packets[position]));
    this.set('rate', packetRate(counts.packetRates[position]));
    this.set('bytes', byteCount(counts.bytes[position]));
    this.set('bits', bitRate(counts.byteRates[position]));
    const lastMs = counts.lastMs[position];
    this.set('last match', lastMs === 0 ? 'never' : agoText(lastMs, counts.atMs));
    this.chart?.draw(counts.passTimes(), [counts.rates(position)]);
    const nowMs = performance.now();
    if (nowMs - this.askedMs < ASK_MS) return;
    this.askedMs = nowMs;
    void this.askFacts(rule.rule);
    void this.talkers.ask();
  }

  /** Shows the rule that the address names, or none. */
  private follow(): void {
    const name = new URLSearchParams(location.hash.slice(1)).get('rule');
    if (name === null) {
      this.dialog.close();
      return;
    }
    if (this.rules.length === 0) return;
    const rule = this.rules.find((own) => own.rule === name) ?? null;
    const isOther = this.rule?.rule !== name;
    this.rule = rule;
    setText(this.name, name);
    setText(this.match, rule === null ? '' : rule.match || 'every packet');
    setText(this.notice, rule === null ? 'No rule in use has this name.' : '');
    this.dialog.classList.toggle('unknown', rule === null);
    if (!this.dialog.open) this.dialog.showModal();
    if (rule === null) return;
    this.set('action', actionText(rule));
    this.set('priority', String(rule.priority));
    this.set('in the table', `since ${new Date(rule.in_table_since).toLocaleString('en-GB')}`);
    if (isOther) {
      this.talkers.begin(name);
      this.explainPlace.replaceChildren(explainForm(rule));
      this.askedMs = Number.NEGATIVE_INFINITY;
    }
    this.chart ??= new RateChart(
      this.chartPlace,
      'Packets per second of this rule over the last two minutes',
      [{ label: 'packets', colour: '--link' }],
    );
    this.update();
  }

  private leave(): void {
    this.rule = null;
    if (location.hash !== '') history.pushState(null, '', location.pathname);
    this.onClose();
  }

  private async askFacts(name: string): Promise<void> {
    try {
      const facts = await ask<RuleFacts>(`/api/v1/rules/${encodeURIComponent(name)}`);
      if (this.rule?.rule !== name) return;
      setText(this.notice, '');
      if (facts.last_match === null) return;
      const value = this.values.get('last match');
      if (value !== undefined) value.title = facts.last_match;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      setText(this.notice, error.message);
    }
  }

  private set(fact: Fact, text: string): void {
    const value = this.values.get(fact);
    if (value !== undefined) setText(value, text);
  }
}
