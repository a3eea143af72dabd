import { element, setText } from './elements.js';
import { agoText, bitRate, count, packetRate } from './figures.js';
import type { RuleCounts } from './rule-counts.js';
import { actionText, type ListedRule } from './rule-list.js';
import type { SortKey } from './rule-order.js';
import { SPARKLINE_PASSES, sparkline, sparklinePath } from './sparkline.js';

export interface GridColumn {
  readonly title: string;
  /** A class of the style sheet: how wide it is, which way it is set, and whether narrow windows show it. */
  readonly name: string;
  /** What its heading sorts by; `null` where nothing can be. */
  readonly key: SortKey | null;
}

export const GRID_COLUMNS: readonly GridColumn[] = [
  { title: '#', name: 'position', key: 'position' },
  { title: 'rule', name: 'rule', key: 'name' },
  { title: 'action', name: 'action', key: null },
  { title: 'match', name: 'match', key: null },
  { title: 'packets', name: 'packets', key: 'packets' },
  { title: 'rate', name: 'rate', key: 'rate' },
  { title: 'last minute', name: 'history', key: null },
  { title: 'bits', name: 'bits', key: 'bits' },
  { title: 'last match', name: 'last', key: 'last' },
];

/** Where a rule is shown in detail: the part of the address behind the #. */
export function detailHash(rule: string): string {
  return `#rule=${encodeURIComponent(rule)}`;
}

/** One of the few rows that the document has, which shows one rule and later another. */
export class RuleRow {
  readonly row = element('tr', { role: 'row' });
  /** Of the rule that it shows in the table, from 0; -1 for none. */
  position = -1;
  private readonly link = element('a', { tabindex: '-1' });
  private readonly cells: readonly HTMLElement[];
  private readonly line: SVGPathElement;

  /** @param id unique in the page: the grid names the active row by it. */
  constructor(id: string) {
    const { drawing, line } = sparkline();
    this.line = line;
    this.cells = GRID_COLUMNS.map(({ name }, i) =>
      element(name === 'rule' ? 'th' : 'td', {
        role: name === 'rule' ? 'rowheader' : 'gridcell',
        class: name,
        'aria-colindex': String(i + 1),
      }),
    );
    this.cell('rule').append(this.link);
    this.cell('history').append(drawing);
    this.row.id = id;
    this.row.append(...this.cells);
  }

  /**
   * Shows a rule.
   *
   * @param place of the row among all, from 0.
   */
  show(rule: ListedRule, position: number, place: number, counts: RuleCounts, isActive: boolean): void {
    const { row } = this;
    row.hidden = false;
    if (this.position !== position) {
      this.position = position;
      setText(this.cell('position'), count(rule.position));
      setText(this.link, rule.rule);
      this.link.href = detailHash(rule.rule);
      setText(this.cell('action'), actionText(rule));
      this.cell('action').title = actionText(rule);
      this.cell('action').dataset.action = rule.action;
      setText(this.cell('match'), rule.match || 'every packet');
      this.cell('match').title = rule.match;
    }
    if (row.ariaRowIndex !== String(place + 2)) row.ariaRowIndex = String(place + 2);
    if (row.ariaSelected !== String(isActive)) row.ariaSelected = String(isActive);
    const packets = counts.packets[position];
    row.classList.toggle('faint', packets === 0);
    setText(this.cell('packets'), count(packets));
    setText(this.cell('rate'), packetRate(counts.packetRates[position]));
    setText(this.cell('bits'), bitRate(counts.byteRates[position]));
    const lastMs = counts.lastMs[position];
    setText(this.cell('last'), lastMs === 0 ? 'never' : agoText(lastMs, counts.atMs));
    const path = sparklinePath(counts.rates(position, SPARKLINE_PASSES));
    if (this.line.getAttribute('d') !== path) this.line.setAttribute('d', path);
  }

  hide(): void {
    this.position = -1;
    this.row.hidden = true;
  }

  private cell(name: string): HTMLElement {
    return this.cells[GRID_COLUMNS.findIndex((column) => column.name === name)];
  }
}
