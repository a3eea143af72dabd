import { TRANSMIT_FAILURES } from '../counters/catalogue.js';
import type { EngineState } from './engine-state.js';
import type { MetricFamily } from './metric-family.js';

/** Sending, and the interfaces themselves: these have lines only where the source is a live one. */
export const LINK_FAMILIES: readonly MetricFamily[] = [
  {
    name: 'upe_tx_packets_total',
    help: 'Frames sent, by the interface that they left by.',
    type: 'counter',
    samples: (state) =>
      liveInterfaces(state).map(({ name, sentPackets }) => ({
        labels: { interface: name },
        value: sentPackets,
      })),
  },
  {
    name: 'upe_tx_bytes_total',
    help: 'Bytes of the frames sent, from the Ethernet header on.',
    type: 'counter',
    samples: (state) =>
      liveInterfaces(state).map(({ name, sentBytes }) => ({ labels: { interface: name }, value: sentBytes })),
  },
  {
    name: 'upe_tx_failed_packets_total',
    help: 'Frames that were to be sent and could not be, by reason.',
    type: 'counter',
    samples: (state) =>
      liveInterfaces(state).flatMap(({ name, failed }) =>
        TRANSMIT_FAILURES.map((reason, i) => ({ labels: { interface: name, reason }, value: failed[i] })),
      ),
  },
  {
    name: 'upe_interface_up',
    help: '1 while the interface is there, up, and has a carrier.',
    type: 'gauge',
    samples: (state) =>
      liveInterfaces(state).map(({ name }, i) => ({
        labels: { interface: name },
        value: state.live?.isUp(i) ? 1 : 0,
      })),
  },
  {
    name: 'upe_interface_receive_missed_packets_total',
    help: 'Frames that the network card itself had no room for, as its driver counts them since UPE started.',
    type: 'counter',
    samples: (state) => lossSamples(state, 'missed'),
  },
  {
    name: 'upe_interface_receive_dropped_packets_total',
    help: 'Frames that the kernel dropped on reception at the interface, as it counts them since UPE started.',
    type: 'counter',
    samples: (state) => lossSamples(state, 'dropped'),
  },
];

function liveInterfaces(state: EngineState): EngineState['aggregator']['totals']['interfaces'] {
  return state.live === null ? [] : state.aggregator.totals.interfaces;
}

function lossSamples(state: EngineState, kind: 'missed' | 'dropped') {
  return liveInterfaces(state).map(({ name }, i) => ({
    labels: { interface: name },
    value: state.live?.losses(i)[kind] ?? 0,
  }));
}
