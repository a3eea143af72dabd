import type { PassEvent } from '../../page/events.js';
import type { EngineState } from '../engine-state.js';
import { figure } from './figures.js';
import { type Column, type Content, type Html, html, table } from './markup.js';

const READ_COLUMNS: readonly Column[] = [
  { title: 'received', kind: 'number' },
  { title: 'rate', kind: 'number' },
  { title: 'bits', kind: 'number' },
  { title: 'dropped', kind: 'number' },
  { title: 'lost by the kernel', kind: 'number' },
];

const SENT_COLUMNS: readonly Column[] = [
  { title: 'sent', kind: 'number' },
  { title: 'rate', kind: 'number' },
  { title: 'bits', kind: 'number' },
  { title: 'failed to be sent', kind: 'number' },
];

/**
 * What came in and went out where. A source without interfaces has one line under its own name, and no link
 * and nothing to send with.
 */
export function interfacesSection({ live, readInterfaceCount }: EngineState, pass: PassEvent): Html {
  const isLive = live !== null;
  const columns: Column[] = [{ title: 'interface', kind: 'text' }];
  if (isLive) columns.push({ title: 'link', kind: 'text' });
  columns.push(...READ_COLUMNS);
  if (isLive) columns.push(...SENT_COLUMNS);
  const rows = pass.interfaces.map((own, i) => {
    const cells: Content[] = [own.interface];
    if (live !== null)
      cells.push(live.isUp(i) ? html`<b class="good">up</b>` : html`<b class="bad">down</b>`);
    cells.push(...(i < readInterfaceCount ? readCells(pass, i) : READ_COLUMNS.map(() => '')));
    if (isLive) cells.push(...sentCells(pass, i));
    return { cells };
  });
  const heading = isLive ? 'Interfaces' : 'Source';
  return html`<section aria-labelledby="interfaces">
<h2 id="interfaces">${heading}</h2>
${table('interfaces-now', heading, columns, rows)}
</section>`;
}

function readCells(pass: PassEvent, i: number): Content[] {
  const at = `interfaces.${i}`;
  return [
    figure(pass, `${at}.packets`),
    figure(pass, `${at}.packets_per_second`, 'packetRate'),
    figure(pass, `${at}.bytes_per_second`, 'bitRate'),
    figure(pass, `${at}.dropped`),
    figure(pass, `${at}.kernel_dropped`),
  ];
}

function sentCells(pass: PassEvent, i: number): Content[] {
  const at = `interfaces.${i}`;
  return [
    figure(pass, `${at}.sent_packets`),
    figure(pass, `${at}.sent_packets_per_second`, 'packetRate'),
    figure(pass, `${at}.sent_bytes_per_second`, 'bitRate'),
    figure(pass, `${at}.send_failed`),
  ];
}
