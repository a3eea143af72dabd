import { ANOMALY_KINDS } from '../../counters/catalogue.js';
import { ACTIONS } from '../../rules/rule.js';
import { complete } from './complete-object.js';
import { LISTED_RULES_MAX } from './limits.js';
import { PROBLEM_SCHEMA } from './problem.js';

const parameter = (description: string) => ({ type: 'string', description });

const PARAMETERS = {
  ip_version: parameter('4 or 6, where no address tells it'),
  protocol: parameter('tcp, udp, icmp, icmpv6, sctp, gre, esp, ah, or a number'),
  src: parameter('Source address'),
  dst: parameter('Destination address'),
  src_port: parameter('Source port'),
  dst_port: parameter('Destination port'),
  tcp_flags: parameter('TCP flags that are set, like syn,ack, or none; the others are clear'),
  icmp_type: parameter('Type of an ICMP or ICMPv6 message'),
  dscp: parameter('Differentiated services code point'),
  fragment: parameter('true or false'),
  vlan: parameter('VLAN id of the outermost tag, or none'),
  in_interface: parameter('Interface that it came in by'),
  hex: parameter('Instead of fields: the frame in hexadecimal digits'),
  link_type: parameter(
    'What the frame begins with: ethernet (the default), ip, or a number as in capture files',
  ),
  all: parameter('true: goes on after the match'),
  limit: parameter(`Rules to list at most, 1 to ${LISTED_RULES_MAX}; 1000 without it`),
};

/** What a request may ask; texts all of them, which are read as the rule file's are. */
export const EXPLAIN_QUERY = { type: 'object', properties: PARAMETERS, additionalProperties: false };

export type ExplainQuery = { readonly [Name in keyof typeof PARAMETERS]?: string };

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const integer = { type: 'integer' };
const action = { enum: ACTIONS };

const POSSIBLE_VERDICT = complete({
  rule: textOrNull,
  action,
  out_interface: textOrNull,
  if_field: textOrNull,
});

const VERDICT = {
  type: 'object',
  properties: {
    kind: { type: 'string', description: 'rule, unmatched, malformed, unclassified or cannot_tell' },
    action: { enum: [...ACTIONS, null] },
    rule: text,
    position: { type: 'integer', description: 'Of the rule in the table, from 1' },
    out_interface: textOrNull,
    reason: { type: 'string', description: 'Why no rule judges the frame' },
    possible: {
      type: 'array',
      description: 'What the verdict depends on; the last one is what remains',
      items: POSSIBLE_VERDICT,
    },
    possible_omitted: integer,
  },
  required: ['kind', 'action'],
};

const RULE = complete({
  position: integer,
  rule: text,
  action,
  out_interface: textOrNull,
  result: { type: 'string', description: 'match, no_match or cannot_tell' },
  field: textOrNull,
  has: textOrNull,
  wants: textOrNull,
  after_match: { type: 'boolean' },
});

/** What is answered. */
export const EXPLAIN_RESPONSES = {
  200: complete({
    generation: { type: 'integer', description: 'Of the rules in use, which have given the answer' },
    packet: { type: ['object', 'null'], additionalProperties: textOrNull },
    anomalies: { type: 'array', items: { enum: ANOMALY_KINDS } },
    verdict: VERDICT,
    notes: { type: 'array', items: text },
    rules: { type: 'array', items: RULE },
    rules_omitted: {
      type: 'integer',
      description: 'Rules beyond the limit, which the answer does not list',
    },
  }),
  400: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};
