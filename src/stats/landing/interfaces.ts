import type { EngineState } from '../engine-state.js';
import { bitRate, count, packetRate } from './figures.js';
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
export function interfacesSection(state: EngineState): Html {
  const { live, aggregator, readInterfaceCount } = state;
  const isSending = live !== null;
  const columns: Column[] = [{ title: 'interface', kind: 'text' }];
  if (isSending) columns.push({ title: 'link', kind: 'text' });
  columns.push(...READ_COLUMNS);
  if (isSending) columns.push(...SENT_COLUMNS);
  const rows = aggregator.totals.interfaces.map(({ name }, i) => {
    const cells: Content[] = [name];
    if (live !== null)
      cells.push(live.isUp(i) ? html`<b class="good">up</b>` : html`<b class="bad">down</b>`);
    cells.push(...(i < readInterfaceCount ? readCells(state, i) : READ_COLUMNS.map(() => '')));
    if (isSending) cells.push(...sentCells(state, i));
    return { cells };
  });
  return html`<section aria-labelledby="interfaces">
<h2 id="interfaces">${isSending ? 'Interfaces' : 'Source'}</h2>
${table('interfaces-now', 'Interfaces', columns, rows)}
</section>`;
}

function readCells({ aggregator }: EngineState, i: number): Content[] {
  const { totals, rates } = aggregator;
  const { packets, dropped, kernelDropped } = totals.interfaces[i];
  return [
    count(packets),
    packetRate(rates.packets(i)),
    bitRate(rates.bytes(i)),
    count(dropped.reduce((a, b) => a + b, 0)),
    count(kernelDropped),
  ];
}

function sentCells({ aggregator }: EngineState, i: number): Content[] {
  const { totals, rates } = aggregator;
  const { sentPackets, failed } = totals.interfaces[i];
  return [
    count(sentPackets),
    packetRate(rates.sentPackets(i)),
    bitRate(rates.sentBytes(i)),
    count(failed.reduce((a, b) => a + b, 0)),
  ];
}
