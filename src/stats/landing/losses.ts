import { DROP_REASONS, TRANSMIT_FAILURES } from '../../counters/catalogue.js';
import type { PassEvent } from '../../page/events.js';
import type { EngineState } from '../engine-state.js';
import { figure } from './figures.js';
import { type Column, type Html, html, NOTHING, table } from './markup.js';

/** Packets that are gone, or may be, where, and by whose fault. */
export interface Loss {
  readonly interfaceName: string;
  readonly reason: string;
  readonly packets: number;
  readonly meaning: string;
  /** Whether nobody has read them: only then are they in the sum. */
  readonly isCertain: boolean;
}

const DROP_MEANINGS: Readonly<Record<(typeof DROP_REASONS)[number], string>> = {
  pool_exhausted: 'no buffer was free: UPE_POOL_BUFFERS',
  ring_full: 'a worker was too slow, or stood still: UPE_WORKERS, UPE_RING_SLOTS',
};

const FAILURE_MEANINGS: Readonly<Record<(typeof TRANSMIT_FAILURES)[number], string>> = {
  no_transmitter: 'to be forwarded, and there is nothing to send with',
  queue_full: 'to be forwarded, and the interface did not take them fast enough',
  oversize: 'to be forwarded, and larger than a buffer or the MTU: turn receive offloads off',
  interface_down: 'to be forwarded, and the interface was down',
  error: 'to be forwarded, and the kernel refused, or the worker died over them',
};

const COLUMNS: readonly Column[] = [
  { title: 'interface', kind: 'text' },
  { title: 'packets', kind: 'number' },
  { title: 'reason', kind: 'text' },
  { title: 'what it means', kind: 'prose' },
];

/** Every loss that has happened, nearest to the wire first. */
export function lossesOf(state: EngineState): Loss[] {
  const { aggregator, live, readInterfaceCount } = state;
  const losses: Loss[] = [];
  aggregator.totals.interfaces.forEach((own, i) => {
    const add = (reason: string, packets: number, meaning: string, isCertain = true) => {
      if (packets > 0) losses.push({ interfaceName: own.name, reason, packets, meaning, isCertain });
    };
    if (i < readInterfaceCount) {
      const before = live?.losses(i);
      add('missed', before?.missed ?? 0, 'the network card had no room');
      // The kernel counts here, too, what nobody else on this host wants, after UPE has read it.
      add(
        'dropped by the kernel',
        before?.dropped ?? 0,
        'at the interface; UPE may have read some of them: ip -s -s link DEVICE',
        false,
      );
      add('kernel ring full', own.kernelDropped, 'UPE did not read in time: UPE_RX_BLOCKS, UPE_WORKERS');
      DROP_REASONS.forEach((reason, r) => {
        add(reason, own.dropped[r], DROP_MEANINGS[reason]);
      });
    }
    TRANSMIT_FAILURES.forEach((reason, r) => {
      add(reason, own.failed[r], FAILURE_MEANINGS[reason]);
    });
  });
  return losses;
}

/** What was lost, by reason; nothing if nothing was: the pipeline says so. */
export function lossesSection(pass: PassEvent, losses: readonly Loss[]): Html {
  if (losses.length === 0) return NOTHING;
  const rows = losses.map(({ interfaceName, reason, meaning, isCertain }, i) => {
    const packets = figure(pass, `losses.${i}.packets`);
    return {
      cells: [interfaceName, isCertain ? html`<b class="bad">${packets}</b>` : packets, reason, meaning],
    };
  });
  return html`<section aria-labelledby="losses">
<h2 id="losses">Losses</h2>
${table('losses-now', 'Losses by reason', COLUMNS, rows)}
</section>`;
}
