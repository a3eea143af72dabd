import type { EngineState } from '../engine-state.js';
import { sumOf } from '../totals.js';
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
  const isLive = live !== null;
  const columns: Column[] = [{ title: 'interface', kind: 'text' }];
  if (isLive) columns.push({ title: 'link', kind: 'text' });
  columns.push(...READ_COLUMNS);
  if (isLive) columns.push(...SENT_COLUMNS);
  const rows = aggregator.totals.interfaces.map(({ name }, i) => {
    const cells: Content[] = [name];
    if (live !== null)
      cells.push(live.isUp(i) ? html`<b class="good">up</b>` : html`<b class="bad">down</b>`);
    cells.push(...(i < readInterfaceCount ? readCells(state, i) : READ_COLUMNS.map(() => '')));
    if (isLive) cells.push(...sentCells(state, i));
    return { cells };
  });
  const heading = isLive ? 'Interfaces' : 'Source';
  return html`<section aria-labelledby="interfaces">
<h2 id="interfaces">${heading}</h2>
${table('interfaces-now', heading, columns, rows)}
</section>`;
}

function readCells({ aggregator }: EngineState, i: number): Content[] {
  const { totals, rates } = aggregator;
  const { packets, dropped, kernelDropped } = totals.interfaces[i];
  return [
    count(packets),
    packetRate(rates.packets(i)),
    bitRate(rates.bytes(i)),
    count(sumOf(dropped)),
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
    count(sumOf(failed)),
  ];
}
