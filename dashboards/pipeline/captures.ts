import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { INSTANCE, perSecond, selected, sum } from '../queries.js';

export function captures(): Section {
  return {
    title: 'Captures of rules',
    lines: [
      [running(), ended()],
      [captured(), missed()],
    ],
  };
}

function running(): Panel {
  return graph({
    title: 'Captures running',
    description:
      'Captures that somebody has asked for and that take packets. Not 0 for long, and nobody knows why: GET /api/v1/captures lists them, and the log says from which address they were asked for.',
    unit: 'short',
    width: 12,
    decimals: 0,
    queries: [{ expression: sum(selected('upe_captures_running'), INSTANCE), legend: '{{instance}}' }],
  });
}

function ended(): Panel {
  return graph({
    title: 'Captures ended, by reason',
    description:
      'How many captures have ended a second, and by what. write_failed: the disk of UPE_CAPTURE_DIR is full, or cannot be written to. slow_reader: the client or the disk was too slow for what the rule sees.',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: sum(perSecond('upe_captures_ended_total'), [...INSTANCE, 'reason']),
        legend: '{{reason}} {{instance}}',
      },
    ],
  });
}

function captured(): Panel {
  return graph({
    title: 'Captured',
    description:
      'Packets a second that got into captures, and the bytes that they have there. As much as the rule sees, as long as nothing is missed.',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: sum(perSecond('upe_capture_packets_total'), INSTANCE),
        legend: 'packets {{instance}}',
      },
      { expression: sum(perSecond('upe_capture_bytes_total'), INSTANCE), legend: 'bytes {{instance}}' },
    ],
  });
}

function missed(): Panel {
  return graph({
    title: 'Not captured, by reason',
    description:
      'Packets of captured rules that are in no capture; they were judged and counted as all others. ring_full: the rule sees more than can be written, a smaller snap length helps. unwritten: the disk was full, or the client went away.',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: sum(perSecond('upe_capture_dropped_packets_total'), [...INSTANCE, 'reason']),
        legend: '{{reason}} {{instance}}',
      },
    ],
  });
}
