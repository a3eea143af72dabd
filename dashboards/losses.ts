import { inRange, type perSecond, sum } from './queries.js';

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
 * Without `upe_interface_receive_dropped_packets_total`: the kernel counts there as well what UPE has read
 * and nobody else on the host wanted.
 */
function lostBeforeUpe(counted: typeof perSecond, by: readonly string[], none: string): string {
  return [
    sum(counted('upe_rx_kernel_dropped_packets_total'), by),
    `(${sum(counted('upe_interface_receive_missed_packets_total'), by)} or ${none})`,
  ].join(' + ');
}
