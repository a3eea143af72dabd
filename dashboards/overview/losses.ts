import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { INSTANCE, perSecond, sum } from '../queries.js';

export function losses(): Section {
  return {
    title: 'Are we losing packets, and where?',
    lines: [
      [beforeUpe(), inUpe(), failedToBeSent()],
      [malformed(), unclassified(), anomalies()],
    ],
  };
}

function beforeUpe(): Panel {
  const byInterface = (counter: string) => sum(perSecond(counter), [...INSTANCE, 'interface']);
  return graph({
    title: 'Lost before UPE',
    description:
      'Packets that UPE never had. Kernel: its receive ring was full, so UPE read too slowly; enlarge it (UPE_RX_BLOCKS) and look at the busy rx thread. Card missed: its own ring was full; ethtool -G, and where its interrupts go. Interface dropped is not always a loss: the kernel counts there as well what nobody else on the host wants, and UPE may have read that; ip -s -s link says more.',
    unit: 'pps',
    width: 8,
    queries: [
      {
        expression: byInterface('upe_rx_kernel_dropped_packets_total'),
        legend: 'kernel {{instance}} {{interface}}',
      },
      {
        expression: byInterface('upe_interface_receive_missed_packets_total'),
        legend: 'card missed {{instance}} {{interface}}',
      },
      {
        expression: byInterface('upe_interface_receive_dropped_packets_total'),
        legend: 'interface dropped {{instance}} {{interface}}',
      },
    ],
  });
}

function inUpe(): Panel {
  return graph({
    title: 'Dropped before a worker, by reason',
    description:
      'ring_full: a worker does not keep up; see busy threads, start more workers (UPE_WORKERS) or give it larger rings (UPE_RING_SLOTS). pool_exhausted: all buffers are in use; raise UPE_POOL_BUFFERS, and see who holds them on the dashboard on the pipeline.',
    unit: 'pps',
    width: 8,
    queries: [
      {
        expression: sum(perSecond('upe_rx_dropped_packets_total'), [...INSTANCE, 'reason']),
        legend: '{{reason}} {{instance}}',
      },
    ],
  });
}

function failedToBeSent(): Panel {
  return graph({
    title: 'Failed to be sent, by reason',
    description:
      'Frames that were to leave and did not. interface_down: link or cable. queue_full: the way out is slower than the way in. oversize: frames joined by receive offload (ethtool -K gro off lro off) or larger than the MTU. error: the log says which. Live sources only.',
    unit: 'pps',
    width: 8,
    queries: [
      {
        expression: sum(perSecond('upe_tx_failed_packets_total'), [...INSTANCE, 'interface', 'reason']),
        legend: '{{reason}} {{instance}} {{interface}}',
      },
    ],
  });
}

function malformed(): Panel {
  return graph({
    title: 'Malformed, by reason',
    description:
      'Frames that lie about themselves; they reach no rule. One reason rising: a broken sender or an evasion attempt. Capture some of them (tcpdump on the same interface) and look at the field that the reason names.',
    unit: 'pps',
    width: 8,
    isStacked: true,
    queries: [
      { expression: sum(perSecond('upe_malformed_packets_total'), ['reason']), legend: '{{reason}}' },
    ],
  });
}

function unclassified(): Panel {
  return graph({
    title: 'Unclassified, by kind',
    description:
      'Frames without a whole IP header to judge: ARP, LLDP, MPLS and the like; they reach no rule. Much arp: a scan or a loop. Much mpls, pppoe or vlan_depth: the traffic is wrapped in something that UPE does not open, so take the mirror from another place.',
    unit: 'pps',
    width: 8,
    isStacked: true,
    queries: [{ expression: sum(perSecond('upe_unclassified_packets_total'), ['kind']), legend: '{{kind}}' }],
  });
}

function anomalies(): Panel {
  return graph({
    title: 'Anomalies, by kind',
    description:
      'Oddities of packets that are counted elsewhere as well; they overlap, so never add them up. fragment rising: an MTU problem or an evasion attempt. oversize: receive offload is on. tcp_offset and udp_length: a broken or hostile sender.',
    unit: 'pps',
    width: 8,
    queries: [{ expression: sum(perSecond('upe_anomalies_total'), ['kind']), legend: '{{kind}}' }],
  });
}
