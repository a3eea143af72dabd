/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text is escaped, HTML is taken as it is, a list is one after the other. */
export type Content = string | number | Html | readonly Html[];

/** Makes HTML of a template. Nothing gets into the page unescaped but what another template has made. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = parts[0];
  contents.forEach((content, i) => {
    text += textOf(content) + parts[i + 1];
  });
  return new Html(text);
}

export const NOTHING = new Html('');

export interface Column {
  readonly title: string;
  /** `number`: to the right, digits below each other. `wide`: only where there is room for it. `prose`: may wrap. */
  readonly kind: 'text' | 'number' | 'wide' | 'prose';
}

/** A row's cells, in the order of the columns; the first one names the row. */
export interface Row {
  readonly cells: readonly Content[];
  /** A row of less weight: nothing has happened there. */
  readonly isFaint?: boolean;
}

/**
 * A table in a frame of its own, in which it scrolls where the window is too narrow for it. The frame can
 * be reached with the keyboard, and stays when its content is renewed: see page-parts.ts.
 *
 * @param id unique in the page.
 * @param label what the table shows, for those who do not see the heading above it.
 */
export function table(id: string, label: string, columns: readonly Column[], rows: readonly Row[]): Html {
  const head = columns.map(({ title, kind }) => html`<th scope="col" class="${kind}">${title}</th>`);
  const body = rows.map(({ cells, isFaint }) => {
    const [name, ...others] = cells.map((cell, i) =>
      i === 0 ? html`<th scope="row">${cell}</th>` : html`<td class="${columns[i].kind}">${cell}</td>`,
    );
    return html`<tr${isFaint ? new Html(' class="faint"') : ''}>${name}${others}</tr>\n`;
  });
  return html`<div class="scroll" id="${id}" role="region" aria-label="${label}" tabindex="0" data-live>
<table><thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table>
</div>`;
}

function textOf(content: Content): string {
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(({ text }: Html) => text).join('');
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
