import type { CountsEvent, PassEvent, TableEvent } from '../../page/events.js';
import { complete } from './complete-object.js';
import { PROBLEM_SCHEMA } from './problem.js';

const integer = { type: 'integer' };
const number = { type: 'number' };
const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const numberOrNull = { type: ['number', 'null'] };
const list = (items: object) => ({ type: 'array', items });

const FLOWING = { packets: integer, packets_per_second: numberOrNull };
const VERDICT = complete({ ...FLOWING, ratio: numberOrNull });

const PASS: Readonly<Record<keyof PassEvent, object>> = {
  at_ms: { type: 'integer', description: 'Unix time of the pass, milliseconds' },
  interval_ms: { type: 'integer', description: 'Until the next one, milliseconds' },
  uptime_seconds: integer,
  page: {
    type: 'string',
    description: 'Differs when more of the landing page has changed than these figures',
  },
  received: complete({ ...FLOWING, bytes_per_second: numberOrNull }),
  interfaces: list(
    complete({
      interface: text,
      packets: integer,
      packets_per_second: numberOrNull,
      bytes_per_second: numberOrNull,
      dropped: integer,
      kernel_dropped: integer,
      sent_packets: integer,
      sent_packets_per_second: numberOrNull,
      sent_bytes_per_second: numberOrNull,
      send_failed: integer,
    }),
  ),
  lost_before: complete({ missed: integer, kernel_ring: integer }),
  dropped: complete({ pool_exhausted: integer, ring_full: integer }),
  worker_lost: integer,
  send_failed: integer,
  sent: complete(FLOWING),
  lost: { type: 'integer', description: 'All packets that are certainly lost' },
  losses: list(complete({ interface: text, reason: text, packets: integer })),
  workers: list(
    complete({
      ...FLOWING,
      busy_ratio: numberOrNull,
      lost: integer,
      ring_used: integer,
      ring_ratio: number,
    }),
  ),
  ring_slots: integer,
  pool: complete({ free: integer, buffers: integer, used_ratio: number }),
  verdicts: complete({ count: VERDICT, drop: VERDICT, forward: VERDICT }),
  accounting: complete({
    holds: { type: 'boolean', description: 'Whether the accounting identity holds' },
    passes: integer,
    violations: integer,
    enqueued: integer,
    dropped: integer,
    processed: integer,
    lost: integer,
    in_flight: integer,
    rules: integer,
    unmatched: integer,
    malformed: integer,
    unclassified: integer,
  }),
  no_rule: {
    ...list(complete({ kind: text, action: textOrNull, ...FLOWING, ratio: numberOrNull })),
    description:
      'Packets that no rule of the table has counted (unmatched, malformed, unclassified; retired: by rules that are no longer in it), with their part of all that was processed',
  },
  unjudged: list(complete({ kind: text, packets: integer, bytes: integer, ratio: numberOrNull })),
  rules: complete({ total: integer, never_matched: integer }),
};

const TABLE: Readonly<Record<keyof TableEvent, object>> = {
  generation: { type: 'integer', description: 'Of the rules in use' },
  rules: { type: 'integer', description: 'Rules in the table; their counts are told from 0 after this' },
};

const COUNTS: Readonly<Record<keyof CountsEvent, object>> = {
  generation: { type: 'integer', description: 'Of the rules in use' },
  at_ms: { type: 'integer', description: 'Unix time of the pass, milliseconds' },
  changes: {
    type: 'array',
    items: integer,
    description:
      'Three numbers for each rule that has counted since the event before: positions in the table from the rule before it (the first one: from 0, where positions begin at 1), packets, bytes',
  },
};

/** What each event's data is, as JSON. */
export const EVENT_SCHEMAS = {
  PassEvent: complete(PASS),
  TableEvent: complete(TABLE),
  CountsEvent: complete(COUNTS),
};

export const EVENTS_RESPONSES = { 400: PROBLEM_SCHEMA, 503: PROBLEM_SCHEMA };
