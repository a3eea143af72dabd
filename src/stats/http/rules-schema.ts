import { type Static, Type } from 'typebox';
import { ACTIONS } from '../../rules/rule.js';
import { PROBLEM_SCHEMA } from './problem.js';

/** Most rules that one answer lists. */
export const LISTED_RULES_MAX = 10_000;
/** Rules that are listed where the request does not say how many. */
export const LISTED_RULES = 1000;

/** What rules can be sorted by; the largest number first, but names and positions from the beginning. */
export const SORT_KEYS = [
  'position',
  'name',
  'packets',
  'bytes',
  'packets_per_second',
  'bytes_per_second',
  'last_match',
  'in_table_since',
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export const RULES_QUERY = Type.Object(
  {
    sort: Type.Optional(
      Type.Enum([...SORT_KEYS], {
        default: 'position',
        description: 'Rules that are equal in it keep the order of the table',
      }),
    ),
    order: Type.Optional(
      Type.Enum(['asc', 'desc'], {
        description:
          'Without it asc for position and name, and desc for everything else; never comes before any time',
      }),
    ),
    action: Type.Optional(Type.Enum([...ACTIONS], { description: 'Rules with this action only' })),
    name: Type.Optional(
      Type.String({ description: 'Rules with this text in their name only, in upper or lower case' }),
    ),
    matched: Type.Optional(
      Type.Boolean({ description: 'true: rules that have matched a packet only; false: the others only' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LISTED_RULES_MAX,
        default: LISTED_RULES,
        description: 'Rules to list at most',
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2 ** 31 - 1,
        default: 0,
        description: 'Rules found to leave out first',
      }),
    ),
  },
  { additionalProperties: false },
);

export type RulesQuery = Static<typeof RULES_QUERY>;

/** Not a union: its serializer would try one branch after the other, for every value of every rule. */
const orNull = <Type extends 'string' | 'number'>(type: Type, description: string, format?: string) =>
  Type.Unsafe<(Type extends 'string' ? string : number) | null>({
    type: [type, 'null'],
    description,
    ...(format === undefined ? {} : { format }),
  });
const TIME = 'date-time';

const RULE = Type.Object({
  position: Type.Integer({ description: 'In the table, from 1' }),
  rule: Type.String({ description: 'Its name' }),
  action: Type.Enum([...ACTIONS]),
  out_interface: orNull('string', 'Where it forwards to, where the rule names it'),
  priority: Type.Integer(),
  match: Type.String({ description: "The rule's own text, at most 200 characters; empty: every packet" }),
  packets: Type.Integer({ description: 'Since the process started, over reloads too' }),
  bytes: Type.Integer(),
  packets_per_second: orNull('number', 'Between the last two passes; null before there were two'),
  bytes_per_second: orNull('number', 'The same of bytes'),
  last_match: orNull('string', 'Time of the last packet; null: none since the process started', TIME),
  in_table_since: Type.String({
    format: TIME,
    description: 'Since when a rule with this name and action has been in the table without a break',
  }),
});

/** What the numbers of rules are from. */
const CIRCUMSTANCES = {
  generation: Type.Integer({ description: 'Of the rules in use' }),
  time: Type.String({ format: TIME, description: 'Of the pass that the numbers are from' }),
  uptime_seconds: Type.Number({ description: 'Since the process started; nothing is known of before' }),
};

export const RULES_RESPONSES = {
  200: Type.Object({
    ...CIRCUMSTANCES,
    sha256: Type.String({ description: 'Of the rule file' }),
    loaded: Type.String({ format: TIME, description: 'When the rules in use were loaded' }),
    default_action: Type.Enum([...ACTIONS]),
    rules_total: Type.Integer({ description: 'Rules in the table' }),
    rules_found: Type.Integer({ description: 'Those of them that the request wants, listed or not' }),
    rules: Type.Array(RULE),
  }),
  400: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};

export const RULE_PARAMS = Type.Object({ name: Type.String({ description: 'Name of the rule' }) });

export const RULE_RESPONSES = {
  200: Type.Object({ ...CIRCUMSTANCES, ...RULE.properties }),
  400: PROBLEM_SCHEMA,
  404: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};

export type RuleAnswer = Static<(typeof RULE_RESPONSES)[200]>;
export type ListedRule = Static<typeof RULE>;
export type RulesAnswer = Static<(typeof RULES_RESPONSES)[200]>;
