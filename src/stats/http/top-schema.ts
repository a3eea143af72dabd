import type { Flow, Talker } from '../../page/talker.js';
import {
  TALKER_KEYS,
  TALKER_MEASURES,
  type TalkerKey,
  type TalkerMeasure,
} from '../talkers/talker-window.js';
import { complete } from './complete-object.js';
import { LISTED_TALKERS_MAX } from './limits.js';
import { PROBLEM_SCHEMA } from './problem.js';

/** Talkers that are listed where the request does not say how many. */
export const LISTED_TALKERS = 10;

export const TOP_QUERY = {
  type: 'object',
  properties: {
    rule: { type: 'string', description: 'Name of a rule in use; without it, the packets of all rules' },
    unmatched: {
      type: 'boolean',
      default: false,
      description: 'true, in the place of a rule: the packets that no rule matches',
    },
    by: { enum: TALKER_KEYS, default: 'flow', description: 'What packets are told apart by' },
    of: { enum: TALKER_MEASURES, default: 'packets', description: 'What the heaviest have most of' },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: LISTED_TALKERS_MAX,
      default: LISTED_TALKERS,
      description: 'How many to list at most',
    },
  },
  additionalProperties: false,
};

export interface TopQuery {
  readonly rule?: string;
  readonly unmatched?: boolean;
  readonly by?: TalkerKey;
  readonly of?: TalkerMeasure;
  readonly limit?: number;
}

export interface TopAnswer {
  readonly rule: string | null;
  readonly unmatched: boolean;
  readonly by: TalkerKey;
  readonly of: TalkerMeasure;
  readonly window: { readonly since: string; readonly seconds: number };
  readonly sampled: {
    readonly one_in: number;
    readonly samples: number;
    readonly lost: { readonly samples: number; readonly packets: number; readonly bytes: number };
  };
  readonly total: { readonly packets: number; readonly bytes: number };
  readonly bounds: {
    readonly confidence: number;
    readonly total_low: number;
    readonly total_high: number;
    readonly unlisted_high: number;
  };
  readonly top: readonly Talker[];
}

const count = { type: 'integer' };
const address = { type: 'string', description: 'An IPv4 or IPv6 address' };
const port = { type: ['integer', 'null'], description: 'null: none, as of ICMP and of later fragments' };

const TALKER = {
  type: 'object',
  properties: {
    flow: complete({
      source: address,
      source_port: port,
      destination: address,
      destination_port: port,
      protocol: { type: 'string', description: 'Its name as in rule files, or its number' },
    } satisfies Record<keyof Flow, object>),
    source: address,
    destination: address,
    packets: { type: 'integer', description: 'Estimate; exact where low and high are equal' },
    bytes: count,
    share: { type: 'number', description: 'Of the total by the measure, 0 to 1' },
    low: { type: 'integer', description: 'By the measure: at least so many' },
    high: { type: 'integer', description: 'At most so many' },
  } satisfies Record<keyof Talker, object>,
  required: ['packets', 'bytes', 'share', 'low', 'high'],
};

const TOP: Readonly<Record<keyof TopAnswer, object>> = {
  rule: {
    type: ['string', 'null'],
    description: 'null: the packets of all rules, or those that none matches',
  },
  unmatched: { type: 'boolean' },
  by: { enum: TALKER_KEYS },
  of: { enum: TALKER_MEASURES },
  window: complete({
    since: {
      type: 'string',
      format: 'date-time',
      description: 'Everything is of the packets from this time on: the last one to two minutes, or less',
    },
    seconds: { type: 'number', description: 'Up to the answer' },
  }),
  sampled: complete({
    one_in: {
      type: 'number',
      description: 'One packet in so many was looked at, on average; 1: each of them',
    },
    samples: { type: 'integer', description: 'Packets that were looked at' },
    lost: {
      ...complete({ samples: count, packets: count, bytes: count }),
      description:
        'Samples of any rule that found no room, and the packets that they stood for; high includes them',
    },
  }),
  total: {
    ...complete({ packets: count, bytes: count }),
    description: 'Estimates; exact where every packet was looked at',
  },
  bounds: complete({
    confidence: {
      type: 'number',
      description:
        'How sure each low and high is, as far as sampling goes; without sampling they are certain',
    },
    total_low: { type: 'integer', description: 'Bounds of the total by the measure' },
    total_high: count,
    unlisted_high: { type: 'integer', description: 'What is not listed has at most so many' },
  }),
  top: { type: 'array', items: TALKER, description: 'The heaviest first' },
};

export const TOP_RESPONSES = {
  200: complete(TOP),
  400: PROBLEM_SCHEMA,
  404: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};
