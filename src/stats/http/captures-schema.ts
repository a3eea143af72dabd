import { ACTIONS, type Action } from '../../rules/rule.js';
import { CAPTURE_ENDS, type CaptureEnd } from '../capture/capture-totals.js';
import { complete } from './complete-object.js';
import { PROBLEM_SCHEMA } from './problem.js';

/** The media type of pcapng. */
export const PCAPNG_TYPE = 'application/x-pcapng';

/** What a capture may be as large as, and what it is where the request does not say; both ends are included. */
export const CAPTURE_LIMITS = {
  packets: { minimum: 1, maximum: 10_000_000, default: 10_000 },
  bytes: { minimum: 4096, maximum: 4_294_967_296, default: 67_108_864 },
  seconds: { minimum: 1, maximum: 3600, default: 60 },
  snap_length: { minimum: 1, maximum: 65_536, default: 65_536 },
} as const;

/** A plain name: no folder, nothing hidden. */
const FILE_NAME = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}$';

export const CAPTURE_BODY = {
  type: 'object',
  properties: {
    rule: { type: 'string', description: 'Name of the rule' },
    to: {
      enum: ['stream', 'file'],
      description: 'stream, as without it: into the answer; file: into UPE_CAPTURE_DIR',
    },
    file: {
      type: 'string',
      pattern: FILE_NAME,
      description: 'Name of a file that is not there yet; without it UPE gives one',
    },
    packets: { type: 'integer', ...CAPTURE_LIMITS.packets, description: 'Packets at most' },
    bytes: { type: 'integer', ...CAPTURE_LIMITS.bytes, description: 'Bytes of pcapng at most' },
    seconds: { type: 'integer', ...CAPTURE_LIMITS.seconds, description: 'Seconds at most' },
    snap_length: {
      type: 'integer',
      ...CAPTURE_LIMITS.snap_length,
      description: 'Bytes that are kept of each frame; no more than UPE_BUFFER_BYTES are there',
    },
  },
  required: ['rule'],
  additionalProperties: false,
};

export interface CaptureBody {
  readonly rule: string;
  readonly to?: 'stream' | 'file';
  readonly file?: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly snap_length?: number;
}

export interface CaptureAnswer {
  readonly id: number;
  readonly rule: string;
  readonly action: Action;
  readonly generation: number;
  readonly state: 'running' | 'ending' | 'ended';
  readonly end: CaptureEnd | null;
  readonly to: 'stream' | 'file';
  readonly file: string | null;
  readonly began: string;
  readonly ended: string | null;
  readonly packets: number;
  readonly bytes: number;
  readonly dropped_ring_full: number;
  readonly dropped_unwritten: number;
  readonly limits: object;
}

const LIMITS: Readonly<Record<keyof typeof CAPTURE_LIMITS, object>> = {
  packets: { type: 'integer' },
  bytes: { type: 'integer' },
  seconds: { type: 'integer' },
  snap_length: { type: 'integer' },
};

const CAPTURE: Readonly<Record<keyof CaptureAnswer, object>> = {
  id: { type: 'integer', description: 'Number of the capture, from 1, in the order of their beginning' },
  rule: { type: 'string', description: 'Name of the rule' },
  action: { enum: ACTIONS, description: 'Of the rule when it began; with another one it is another rule' },
  generation: { type: 'integer', description: 'Of the rules in use when it began' },
  state: {
    enum: ['running', 'ending', 'ended'],
    description: 'ending: it takes no more packets, and its file or its client has not all of them yet',
  },
  end: { enum: [...CAPTURE_ENDS, null], description: 'Why it takes no more packets; null while it runs' },
  to: { enum: ['stream', 'file'] },
  file: { type: ['string', 'null'], description: 'Name of the file in UPE_CAPTURE_DIR' },
  began: { type: 'string', format: 'date-time' },
  ended: {
    type: ['string', 'null'],
    format: 'date-time',
    description: 'When it took no more packets; its file may not be whole yet (state)',
  },
  packets: { type: 'integer', description: 'Packets that are with the file or the client' },
  bytes: { type: 'integer', description: 'Bytes of pcapng' },
  dropped_ring_full: {
    type: 'integer',
    description: 'Packets of the rule that were not captured, because there was no room for them',
  },
  dropped_unwritten: {
    type: 'integer',
    description: 'Packets that were captured and could not be written',
  },
  limits: complete(LIMITS),
};

const CAPTURE_OBJECT = complete(CAPTURE);

export interface CapturesAnswer {
  readonly captures: readonly CaptureAnswer[];
}

const CAPTURES: Readonly<Record<keyof CapturesAnswer, object>> = {
  captures: {
    type: 'array',
    items: CAPTURE_OBJECT,
    description: 'Those that run, and the last ones that have ended',
  },
};

export const CAPTURES_RESPONSES = { 200: complete(CAPTURES), 400: PROBLEM_SCHEMA, 503: PROBLEM_SCHEMA };

export const CAPTURE_PARAMS = {
  type: 'object',
  properties: {
    id: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1, description: 'Number of the capture' },
  },
  required: ['id'],
};

export const CAPTURE_RESPONSES = {
  200: CAPTURE_OBJECT,
  400: PROBLEM_SCHEMA,
  404: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};

/** Of the request that ends one, and may be refused. */
export const END_RESPONSES = { ...CAPTURE_RESPONSES, 403: PROBLEM_SCHEMA };

/** Of the request that begins one. */
export const BEGIN_RESPONSES = {
  201: CAPTURE_OBJECT,
  400: PROBLEM_SCHEMA,
  403: PROBLEM_SCHEMA,
  404: PROBLEM_SCHEMA,
  409: PROBLEM_SCHEMA,
  500: PROBLEM_SCHEMA,
  503: PROBLEM_SCHEMA,
};
