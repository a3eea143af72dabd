import { ApiProblem, ask, query } from './api.js';
import { element, setText } from './elements.js';
import { byteCount, count, duration, ratio, sampledOneIn } from './figures.js';
import type { Talker } from './talker.js';

interface TopAnswer {
  readonly window: { readonly seconds: number };
  readonly sampled: { readonly one_in: number; readonly lost: { readonly samples: number } };
  readonly top: readonly Talker[];
}

const TALKERS_MAX = 10;
/** Beside the name. A narrow window has them below it, each cell with its title. */
const COLUMNS = ['share', 'packets', 'bytes', 'between'] as const;

/** Who sends what a rule sees: the heaviest flows, sources or destinations. */
export class TopTalkers {
  readonly section = element('section', { 'aria-labelledby': 'talkers' });
  private readonly by = select('by', ['flow', 'source', 'destination']);
  private readonly of = select('of', ['packets', 'bytes']);
  private readonly note = element('p', { class: 'note' });
  private readonly rows = element('tbody');
  private readonly table: HTMLTableElement;
  private rule = '';
  private asked = 0;

  constructor() {
    const head = ['', ...COLUMNS].map((title, i) =>
      element('th', { scope: 'col', class: i === 0 ? 'text' : 'number' }, title),
    );
    this.table = element(
      'table',
      { class: 'folds' },
      element('thead', {}, element('tr', {}, ...head)),
      this.rows,
    );
    const choice = element('p', { class: 'choice' }, 'by ', this.by, ' of ', this.of);
    this.section.append(element('h3', { id: 'talkers' }, 'Top talkers'), choice, this.note, this.table);
    for (const own of [this.by, this.of]) own.addEventListener('change', () => void this.ask());
  }

  /** Shows those of another rule. */
  begin(rule: string): void {
    this.rule = rule;
    this.show([], '');
  }

  /** Asks again. */
  async ask(): Promise<void> {
    const { rule } = this;
    const parameters = { rule, by: this.by.value, of: this.of.value, limit: String(TALKERS_MAX) };
    const turn = ++this.asked;
    try {
      const answer = await ask<TopAnswer>(`/api/v1/top?${query(parameters)}`);
      if (turn === this.asked) this.show(answer.top, noteOf(answer));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn === this.asked) this.show([], error.message);
    }
  }

  private show(talkers: readonly Talker[], note: string): void {
    setText(this.note, note);
    this.table.hidden = talkers.length === 0;
    const format = this.of.value === 'bytes' ? byteCount : count;
    const rows = talkers.map((own) => {
      const bar = element('meter', {
        min: '0',
        max: '1',
        value: String(own.share),
        'aria-hidden': 'true',
      });
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, nameOf(own)),
        cell('share', bar, ` ${ratio(own.share)}`),
        cell('packets', count(own.packets)),
        cell('bytes', byteCount(own.bytes)),
        cell('between', boundsText(own, format)),
      );
    });
    this.rows.replaceChildren(...rows);
  }
}

function cell(title: (typeof COLUMNS)[number], ...content: readonly (Node | string)[]): HTMLElement {
  const name = title === 'between' ? 'number note' : 'number';
  return element('td', { class: name, 'data-title': title }, ...content);
}

/** What the true number lies between; where every packet was looked at, it is the one that is said. */
function boundsText({ low, high }: Talker, format: (value: number) => string): string {
  return low === high ? 'exact' : `${format(low)} and ${format(high)}`;
}

function noteOf({ window, sampled, top }: TopAnswer): string {
  const span = `Of the last ${duration(window.seconds * 1000)}`;
  const part = sampled.one_in > 1 ? `, one packet in ${sampledOneIn(sampled.one_in)} looked at` : '';
  const missing = sampled.lost.samples;
  const lost = missing > 0 ? `, ${count(missing)} of those lost` : '';
  return `${span}${part}${lost}${top.length === 0 ? ': nobody' : ''}.`;
}

function nameOf({ flow, source, destination }: Talker): string {
  if (flow === undefined) return source ?? destination ?? '';
  const from = endpoint(flow.source, flow.source_port);
  return `${from} → ${endpoint(flow.destination, flow.destination_port)} ${flow.protocol}`;
}

/** An IPv6 address is put in brackets before a port. */
function endpoint(address: string, port: number | null): string {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function select(name: string, values: readonly string[]): HTMLSelectElement {
  const options = values.map((value) => element('option', { value }, value));
  return element(
    'select',
    { name, 'aria-label': name === 'by' ? 'Top talkers by' : 'Top talkers of' },
    ...options,
  );
}
