import { inRange, type perSecond, selected, sum } from './queries.js';

/**
 * Packets that were lost on their way in, wherever that was: in UPE, in the kernel's ring, at the network
 * card. Sources that are no interfaces have no series of the card's.
 *
 * @param counted what is asked of each counter: its rate, or its growth in the time range.
 */
export function lostPackets(counted: typeof perSecond, by: readonly string[] = []): string {
  const none = `0 * ${sum(counted('upe_rx_packets_total'), by)}`;
  return [sum(counted('upe_rx_dropped_packets_total'), by), lostBeforeUpe(counted, by, none)].join(' + ');
}

/** The part of the packets that came to the machine and that no worker saw, 0 to 1, in the time range. */
export function lostShare(by: readonly string[] = []): string {
  const none = `0 * ${sum(inRange('upe_rx_packets_total'), by)}`;
  const lost = `(${lostPackets(inRange, by)})`;
  const offered = `(${sum(inRange('upe_rx_packets_total'), by)} + ${lostBeforeUpe(inRange, by, none)})`;
  return `${lost} / (${offered} > 0) or ${none}`;
}

/**
 * What became of a packet, as counters that together make up all that was received, but for what is in
 * flight. `or` keeps all of them, because no two have the same labels.
 */
export const ACCOUNTED = [
  'upe_rule_packets_total',
  'upe_retired_rule_packets_total',
  'upe_unmatched_packets_total',
  'upe_malformed_packets_total',
  'upe_unclassified_packets_total',
  'upe_rx_dropped_packets_total',
]
  .map((counter) => selected(counter))
  .join(' or ');

function lostBeforeUpe(counted: typeof perSecond, by: readonly string[], none: string): string {
  return [
    sum(counted('upe_rx_kernel_dropped_packets_total'), by),
    `(${sum(counted('upe_interface_receive_missed_packets_total'), by)} or ${none})`,
    `(${sum(counted('upe_interface_receive_dropped_packets_total'), by)} or ${none})`,
  ].join(' + ');
}
