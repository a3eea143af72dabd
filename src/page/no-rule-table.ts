import { element, setText } from './elements.js';
import type { NoRuleFigures } from './events.js';
import { count, packetRate, ratio } from './figures.js';
import { NO_RULE_NAMES } from './no-rule.js';

const COLUMNS = ['action', 'packets', 'rate', 'share'] as const;

/**
 * Packets that no rule of the table has counted, which may be most of them: below the rules, and not among them, so that
 * neither an order nor a search takes them away.
 */
export class NoRuleTable {
  readonly table: HTMLTableElement;
  private readonly body = element('tbody');
  private readonly rows: (readonly HTMLTableCellElement[])[] = [];

  constructor() {
    const head = ['by none of these rules', ...COLUMNS].map((title) =>
      element('th', { scope: 'col', class: classOf(title) }, title),
    );
    this.table = element('table', { id: 'no-rule', 'aria-label': 'Packets by none of the rules' });
    this.table.append(element('thead', {}, element('tr', {}, ...head)), this.body);
  }

  /** The figures are those of another pass. */
  show(figures: readonly NoRuleFigures[]): void {
    while (this.rows.length < figures.length) this.addRow();
    this.rows.forEach((cells, i) => {
      const row = this.body.rows[i];
      row.hidden = i >= figures.length;
      if (row.hidden) return;
      const { kind, action, packets, packets_per_second, ratio: part } = figures[i];
      row.classList.toggle('faint', packets === 0);
      cells[1].dataset.action = action ?? '';
      const texts = [
        NO_RULE_NAMES[kind],
        action ?? '',
        count(packets),
        packetRate(packets_per_second),
        ratio(part),
      ];
      for (const [column, text] of texts.entries()) setText(cells[column], text);
    });
  }

  private addRow(): void {
    const name = element('th', { scope: 'row' });
    const cells = [name, ...COLUMNS.map((title) => element('td', { class: classOf(title) }))];
    this.rows.push(cells);
    this.body.append(element('tr', {}, ...cells));
  }
}

function classOf(title: string): string {
  return title === 'packets' || title === 'rate' || title === 'share' ? `number ${title}` : 'text';
}
