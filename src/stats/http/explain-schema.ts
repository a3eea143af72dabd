import { type Static, Type } from 'typebox';
import { ANOMALY_KINDS } from '../../counters/catalogue.js';
import { ACTIONS } from '../../rules/rule.js';
import { PROBLEM_SCHEMA } from './problem.js';

/** Most rules that one answer lists. */
export const LISTED_RULES_MAX = 10_000;

const field = (description: string) => Type.Optional(Type.String({ description }));

/** What a request may ask; texts all of them, which are read as the rule file's are. */
export const EXPLAIN_QUERY = Type.Object(
  {
    ip_version: field('4 or 6, where no address tells it'),
    protocol: field('tcp, udp, icmp, icmpv6, sctp, gre, esp, ah, or a number'),
    src: field('Source address'),
    dst: field('Destination address'),
    src_port: field('Source port'),
    dst_port: field('Destination port'),
    tcp_flags: field('TCP flags that are set, like syn,ack, or none; the others are clear'),
    icmp_type: field('Type of an ICMP or ICMPv6 message'),
    dscp: field('Differentiated services code point'),
    fragment: field('true or false'),
    vlan: field('VLAN id of the outermost tag, or none'),
    in_interface: field('Interface that it came in by'),
    hex: field('Instead of fields: the frame in hexadecimal digits'),
    link_type: field(
      'What the frame begins with: ethernet (the default), ip, or a number as in capture files',
    ),
    all: field('true: goes on after the match'),
    limit: field(`Rules to list at most, 1 to ${LISTED_RULES_MAX}; 1000 without it`),
  },
  { additionalProperties: false },
);

export type ExplainQuery = Static<typeof EXPLAIN_QUERY>;

const text = Type.Union([Type.String(), Type.Null()]);
const action = Type.Union(ACTIONS.map((name) => Type.Literal(name)));

const VERDICT = Type.Object({
  kind: Type.String({ description: 'rule, unmatched, malformed, unclassified or cannot_tell' }),
  action: Type.Union([action, Type.Null()]),
  rule: Type.Optional(Type.String()),
  position: Type.Optional(Type.Integer({ description: 'Of the rule in the table, from 1' })),
  out_interface: Type.Optional(text),
  reason: Type.Optional(Type.String({ description: 'Why no rule judges the frame' })),
  possible: Type.Optional(
    Type.Array(Type.Object({ rule: text, action, out_interface: text, if_field: text }), {
      description: 'What the verdict depends on; the last one is what remains',
    }),
  ),
  possible_omitted: Type.Optional(Type.Integer()),
});

const RULE = Type.Object({
  position: Type.Integer(),
  rule: Type.String(),
  action,
  out_interface: text,
  result: Type.String({ description: 'match, no_match or cannot_tell' }),
  field: text,
  has: text,
  wants: text,
  after_match: Type.Boolean(),
});

/** What is answered. */
export const EXPLAIN_RESPONSES = {
  200: Type.Object({
    generation: Type.Integer({ description: 'Of the rules in use, which have given the answer' }),
    packet: Type.Union([Type.Record(Type.String(), text), Type.Null()]),
    anomalies: Type.Array(Type.Union(ANOMALY_KINDS.map((kind) => Type.Literal(kind)))),
    verdict: VERDICT,
    notes: Type.Array(Type.String()),
    rules: Type.Array(RULE),
    rules_omitted: Type.Integer({ description: 'Rules beyond the limit, which the answer does not list' }),
  }),
  400: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};
