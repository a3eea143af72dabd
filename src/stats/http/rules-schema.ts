import { ACTIONS, type Action } from '../../rules/rule.js';
import { complete } from './complete-object.js';
import { LISTED_RULES_MAX } from './limits.js';
import { PROBLEM_SCHEMA } from './problem.js';

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

export const RULES_QUERY = {
  type: 'object',
  properties: {
    sort: {
      enum: SORT_KEYS,
      default: 'position',
      description: 'Rules that are equal in it keep the order of the table',
    },
    order: {
      enum: ['asc', 'desc'],
      description:
        'Without it asc for position and name, and desc for everything else; never comes before any time',
    },
    action: { enum: ACTIONS, description: 'Rules with this action only' },
    name: { type: 'string', description: 'Rules with this text in their name only, in upper or lower case' },
    matched: {
      type: 'boolean',
      description: 'true: rules that have matched a packet only; false: the others only',
    },
    shadowed: {
      type: 'boolean',
      description: 'true: rules that are known to be shadowed only; false: the others only',
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: LISTED_RULES_MAX,
      default: LISTED_RULES,
      description: 'Rules to list at most',
    },
    offset: {
      type: 'integer',
      minimum: 0,
      maximum: 2 ** 31 - 1,
      default: 0,
      description: 'Rules found to leave out first',
    },
  },
  additionalProperties: false,
};

export interface RulesQuery {
  readonly sort?: SortKey;
  readonly order?: 'asc' | 'desc';
  readonly action?: Action;
  readonly name?: string;
  readonly matched?: boolean;
  readonly shadowed?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}

export interface ListedRule {
  readonly position: number;
  readonly rule: string;
  readonly action: Action;
  readonly out_interface: string | null;
  readonly priority: number;
  readonly match: string;
  readonly packets: number;
  readonly bytes: number;
  readonly packets_per_second: number | null;
  readonly bytes_per_second: number | null;
  readonly last_match: string | null;
  readonly in_table_since: string;
  readonly shadowed: boolean | null;
}

const RULE: Readonly<Record<keyof ListedRule, object>> = {
  position: { type: 'integer', description: 'In the table, from 1' },
  rule: { type: 'string', description: 'Its name' },
  action: { enum: ACTIONS },
  out_interface: { type: ['string', 'null'], description: 'Where it forwards to, where the rule names it' },
  priority: { type: 'integer' },
  match: {
    type: 'string',
    description: "The rule's own text, at most 200 characters; empty: every packet",
  },
  packets: { type: 'integer', description: 'Since the process started, over reloads too' },
  bytes: { type: 'integer' },
  packets_per_second: {
    type: ['number', 'null'],
    description: 'Between the last two passes; null before there were two',
  },
  bytes_per_second: { type: ['number', 'null'], description: 'The same of bytes' },
  last_match: {
    type: ['string', 'null'],
    format: 'date-time',
    description: 'Time of the last packet; null: none since the process started',
  },
  in_table_since: {
    type: 'string',
    format: 'date-time',
    description: 'Since when a rule with this name and action has been in the table without a break',
  },
  shadowed: {
    type: ['boolean', 'null'],
    description: 'Whether it can never match, because rules before it take its packets; null: not known yet',
  },
};

/** What the numbers of rules are from. */
interface Circumstances {
  readonly generation: number;
  readonly time: string;
  readonly uptime_seconds: number;
}

const CIRCUMSTANCES: Readonly<Record<keyof Circumstances, object>> = {
  generation: { type: 'integer', description: 'Of the rules in use' },
  time: { type: 'string', format: 'date-time', description: 'Of the pass that the numbers are from' },
  uptime_seconds: { type: 'number', description: 'Since the process started; nothing is known of before' },
};

export interface RulesAnswer extends Circumstances {
  readonly sha256: string;
  readonly loaded: string;
  readonly default_action: Action;
  readonly rules_total: number;
  readonly rules_found: number;
  readonly rules: readonly ListedRule[];
}

export type RuleAnswer = Circumstances & ListedRule;

const RULES: Readonly<Record<keyof RulesAnswer, object>> = {
  ...CIRCUMSTANCES,
  sha256: { type: 'string', description: 'Of the rule file' },
  loaded: { type: 'string', format: 'date-time', description: 'When the rules in use were loaded' },
  default_action: { enum: ACTIONS },
  rules_total: { type: 'integer', description: 'Rules in the table' },
  rules_found: { type: 'integer', description: 'Those of them that the request wants, listed or not' },
  rules: { type: 'array', items: complete(RULE) },
};

export const RULES_RESPONSES = { 200: complete(RULES), 400: PROBLEM_SCHEMA, 503: PROBLEM_SCHEMA };

export const RULE_PARAMS = {
  type: 'object',
  properties: { name: { type: 'string', description: 'Name of the rule' } },
  required: ['name'],
};

export const RULE_RESPONSES = {
  200: complete({ ...CIRCUMSTANCES, ...RULE }),
  400: PROBLEM_SCHEMA,
  404: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};
