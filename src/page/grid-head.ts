import { element } from './elements.js';
import type { Order, SortKey } from './rule-order.js';
import { GRID_COLUMNS } from './rule-row.js';

/** The headings of the grid. */
export interface GridHead {
  readonly element: HTMLTableSectionElement;
  /** Says what the rows are sorted by. */
  show(order: Order): void;
}

/** @param onSort somebody wants the rows sorted by this. */
export function gridHead(onSort: (key: SortKey) => void): GridHead {
  const cells = GRID_COLUMNS.map(({ title, name, key }, i) => {
    const cell = element('th', {
      role: 'columnheader',
      scope: 'col',
      class: name,
      'aria-colindex': String(i + 1),
    });
    if (key === null) cell.append(title);
    else {
      const button = element('button', { type: 'button' }, title);
      button.addEventListener('click', () => onSort(key));
      cell.append(button);
    }
    return { cell, key };
  });
  const row = element('tr', { role: 'row', 'aria-rowindex': '1' }, ...cells.map(({ cell }) => cell));
  return {
    element: element('thead', {}, row),
    show: (order) => {
      for (const { cell, key } of cells) {
        if (key === order.key)
          cell.setAttribute('aria-sort', order.isDescending ? 'descending' : 'ascending');
        else cell.removeAttribute('aria-sort');
      }
    },
  };
}
