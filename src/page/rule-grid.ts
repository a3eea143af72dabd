import { element, setText } from './elements.js';
import { count } from './figures.js';
import { type GridHead, gridHead } from './grid-head.js';
import { RuleCounts } from './rule-counts.js';
import type { ListedRule } from './rule-list.js';
import { firstOrder, type Order, orderedPositions, type SortKey } from './rule-order.js';
import { detailHash, GRID_COLUMNS, RuleRow } from './rule-row.js';

/** Rows above and below those in sight, so that a quick turn of the wheel finds some. */
const SPARE_ROWS = 6;
/** Height of a row, pixels: the style sheet has the same. */
const ROW_PIXELS = 28;

/**
 * The rule table, of which the document has only the rows in sight: with ten thousand rules as with ten. It is a grid for
 * the keyboard and for screen readers, which are told how many rows there are and which one each is.
 *
 * Rows do not change places while somebody is at them: under a pointer, or with the keyboard in the grid.
 */
export class RuleGrid {
  readonly frame = element('div', { class: 'rule-grid', id: 'rule-grid' });
  private readonly body = element('tbody');
  private readonly above = spacer();
  private readonly below = spacer();
  private readonly table: HTMLTableElement;
  private readonly head: GridHead;
  private readonly found = element('p', { class: 'note', role: 'status', id: 'rules-found' });
  private readonly rows: RuleRow[] = [];
  /** Place of the first of them among all. */
  private first = 0;
  private rules: readonly ListedRule[] = [];
  private counts = new RuleCounts();
  private positions: Uint32Array = new Uint32Array();
  private order: Order = firstOrder('rate');
  private search = '';
  /** Position of the rule that the keyboard is at; -1 before it has been anywhere. */
  private active = -1;
  private isDue = false;

  constructor() {
    this.head = gridHead((key) => this.sortBy(key));
    this.table = element('table', {
      role: 'grid',
      tabindex: '0',
      'aria-labelledby': 'rules',
      'aria-describedby': 'rules-keys',
      'aria-colcount': String(GRID_COLUMNS.length),
    });
    this.body.append(this.above, this.below);
    this.table.append(this.head.element, this.body);
    this.frame.append(this.table);
    this.frame.addEventListener('scroll', () => this.draw(), { passive: true });
    this.frame.addEventListener('pointerleave', () => this.update());
    this.table.addEventListener('keydown', (event) => this.take(event));
    this.table.addEventListener('blur', () => this.update());
    new ResizeObserver(() => this.draw()).observe(this.frame);
    this.head.show(this.order);
  }

  /** What stands above the grid: how many rules it shows. */
  get status(): HTMLElement {
    return this.found;
  }

  /** Shows other rules, and what they have counted. */
  begin(rules: readonly ListedRule[], counts: RuleCounts): void {
    const activeName = this.rules[this.active]?.rule;
    this.counts = counts;
    this.rules = rules;
    this.active = rules.findIndex(({ rule }) => rule === activeName);
    for (const row of this.rows) row.hide();
    this.reorder();
  }

  /** Shows rules with this in their name or match only. */
  find(search: string): void {
    this.search = search.trim().toLowerCase();
    this.reorder();
    this.frame.scrollTop = 0;
  }

  /** The counts are those of another pass. */
  update(): void {
    if (this.rules.length === 0) return;
    if (this.isHeld) this.draw();
    else this.reorder();
  }

  focus(): void {
    this.table.focus({ preventScroll: true });
  }

  /** The keyboard comes from the search: to the first rule that it has found, which Enter then opens. */
  enter(): void {
    if (this.positions.length === 0) return;
    this.focus();
    this.goTo(0);
  }

  private get isHeld(): boolean {
    return (
      this.positions.length > 0 && (this.body.matches(':hover') || document.activeElement === this.table)
    );
  }

  private sortBy(key: SortKey): void {
    const isAgain = key === this.order.key;
    this.order = isAgain ? { key, isDescending: !this.order.isDescending } : firstOrder(key);
    this.head.show(this.order);
    this.reorder();
    this.frame.scrollTop = 0;
  }

  private reorder(): void {
    this.positions = orderedPositions(this.rules, this.counts, this.order, this.search);
    const { length } = this.positions;
    this.table.setAttribute('aria-rowcount', String(length + 1));
    setText(
      this.found,
      this.search === ''
        ? `${count(length)} ${length === 1 ? 'rule' : 'rules'}`
        : `${count(length)} of ${count(this.rules.length)} rules`,
    );
    this.draw();
  }

  /** Once a frame, however often it is asked for. */
  private draw(): void {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.drawNow();
    });
  }

  private drawNow(): void {
    const { positions, frame, counts, active } = this;
    const inSight = Math.ceil(frame.clientHeight / ROW_PIXELS) + 2 * SPARE_ROWS;
    while (this.rows.length < Math.min(inSight, positions.length)) {
      const row = new RuleRow(`rule-row-${this.rows.length}`);
      this.rows.push(row);
      this.below.before(row.row);
    }
    const last = Math.max(0, positions.length - this.rows.length);
    const first = Math.min(last, Math.max(0, Math.floor(frame.scrollTop / ROW_PIXELS) - SPARE_ROWS));
    this.turnTo(first);
    this.rows.forEach((row, i) => {
      const place = first + i;
      if (place >= positions.length) row.hide();
      else {
        const position = positions[place];
        row.show(this.rules[position], position, place, counts, position === active);
      }
    });
    this.above.style.height = `${first * ROW_PIXELS}px`;
    this.below.style.height = `${Math.max(0, positions.length - first - this.rows.length) * ROW_PIXELS}px`;
    const activeRow = this.rows.find(({ position }) => position !== -1 && position === active);
    if (activeRow === undefined) this.table.removeAttribute('aria-activedescendant');
    else this.table.setAttribute('aria-activedescendant', activeRow.row.id);
  }

  /** Rows that stay in sight stay as they are: those that leave at one end come in at the other. */
  private turnTo(first: number): void {
    const by = first - this.first;
    this.first = first;
    if (by === 0 || Math.abs(by) >= this.rows.length) return;
    if (by > 0) {
      const gone = this.rows.splice(0, by);
      this.rows.push(...gone);
      this.below.before(...gone.map(({ row }) => row));
    } else {
      const gone = this.rows.splice(by);
      this.rows.unshift(...gone);
      this.above.after(...gone.map(({ row }) => row));
    }
  }

  private take(event: KeyboardEvent): void {
    if (event.target !== this.table || event.ctrlKey || event.metaKey || event.altKey) return;
    const { length } = this.positions;
    const page = Math.max(1, Math.floor(this.bodyPixels / ROW_PIXELS) - 1);
    const at = this.positions.indexOf(this.active);
    const places: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: length - 1,
    };
    if (event.key === 'Enter' && at >= 0) location.hash = detailHash(this.rules[this.active].rule);
    else if (event.key in places && length > 0) {
      this.goTo(Math.min(length - 1, Math.max(0, places[event.key])));
    } else return;
    event.preventDefault();
  }

  private goTo(place: number): void {
    const { frame } = this;
    this.active = this.positions[place];
    const top = place * ROW_PIXELS;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + ROW_PIXELS > frame.scrollTop + this.bodyPixels) {
      frame.scrollTop = top + ROW_PIXELS - this.bodyPixels;
    }
    this.draw();
  }

  /** Height of what is in sight below the headings, which stay where they are. */
  private get bodyPixels(): number {
    return this.frame.clientHeight - this.head.element.offsetHeight;
  }
}

/** Takes the place of the rows that are not there. */
function spacer(): HTMLTableRowElement {
  return element('tr', { 'aria-hidden': 'true', class: 'spacer' });
}
