import type { Flow, Talker } from '../../page/talker.js';
import { ABSENT } from '../../protocol/packet.js';
import { ADDRESS_KEY_WORDS } from '../../ring/sample-ring-layout.js';
import { addressText } from '../../rules/explain/flow-text.js';
import { protocolName } from '../../rules/integer-field.js';
import { nearest } from '../../rules/nearest.js';
import type { EngineState } from '../engine-state.js';
import { CONFIDENCE } from '../talkers/sampling-error.js';
import type { RankedTalker } from '../talkers/talker-ranking.js';
import type { TalkerKey } from '../talkers/talker-window.js';
import { ALL_TRAFFIC, type Subject, UNMATCHED_TRAFFIC } from '../talkers/top-talkers.js';
import type { Problem } from './problem.js';
import { LISTED_TALKERS, type TopAnswer, type TopQuery } from './top-schema.js';

export const TOP_PATH = '/api/v1/top';

/** Words of a flow's key in front of its addresses: protocol, ports. */
const FLOW_PORT = 1;
const FLOW_SOURCE = 3;

/** Tells the heaviest flows, sources and destinations of a rule. */
export class TopEndpoint {
  constructor(private readonly state: EngineState) {}

  /** @param query that its schema has accepted. */
  answer(query: TopQuery): TopAnswer | Problem {
    const { talkers } = this.state;
    if (talkers === null) {
      return { status: 404, detail: 'Nobody looks for top talkers here: UPE_TOP_TALKERS=true does.' };
    }
    const { rule, unmatched = false, by = 'flow', of = 'packets', limit = LISTED_TALKERS } = query;
    if (unmatched && rule !== undefined) {
      const detail = 'does not go with rule: no packet is of both';
      const errors = [{ parameter: 'unmatched', detail }];
      return { status: 400, detail: `unmatched: ${detail}.`, errors };
    }
    const subject = unmatched ? UNMATCHED_TRAFFIC : this.subjectOf(rule);
    if (typeof subject !== 'number') return subject;
    const found = talkers.answer(subject, { by, of, limit });
    if (found === null) {
      const detail = 'As many rules as can be followed have been asked about: try again in ten minutes.';
      return { status: 503, detail };
    }
    const { totals, samples, interval, lost } = found;
    return {
      rule: rule ?? null,
      unmatched,
      by,
      of,
      window: {
        since: new Date(found.sinceMs).toISOString(),
        seconds: Math.round(found.seconds * 1000) / 1000,
      },
      sampled: {
        one_in: samples === 0 ? interval : Math.round((totals.packets / samples) * 100) / 100,
        samples,
        lost,
      },
      total: totals,
      bounds: {
        confidence: CONFIDENCE,
        total_low: Math.floor(found.totalLow),
        total_high: Math.ceil(found.totalHigh),
        unlisted_high: Math.ceil(found.unlistedHigh),
      },
      top: found.talkers.map((talker) => ({
        ...nameOf(talker.key, by),
        ...numbersOf(talker),
        share: Math.round((talker[of] / totals[of]) * 1e6) / 1e6,
      })),
    };
  }

  private subjectOf(rule: string | undefined): Subject | Problem {
    if (rule === undefined) return ALL_TRAFFIC;
    const { live } = this.state.rulesInUse;
    const found = live.find((own) => own.rule === rule);
    if (found !== undefined) return found.slot;
    const near =
      live.length === 0
        ? null
        : nearest(
            rule,
            live.map((own) => own.rule),
          );
    const hint = near === null ? '' : ` Did you mean ${near}?`;
    return { status: 404, detail: `No rule in use has the name ${JSON.stringify(rule)}.${hint}` };
  }
}

function numbersOf({ packets, bytes, low, high }: RankedTalker): Omit<Talker, 'share'> {
  return { packets, bytes, low: Math.floor(low), high: Math.ceil(high) };
}

/** A key of a record, as it is shown. */
function nameOf(
  key: Int32Array,
  by: TalkerKey,
): { flow: Flow } | { source: string } | { destination: string } {
  if (by === 'source') return { source: addressOf(key, 0) };
  if (by === 'destination') return { destination: addressOf(key, 0) };
  return {
    flow: {
      source: addressOf(key, FLOW_SOURCE),
      source_port: portOf(key[FLOW_PORT]),
      destination: addressOf(key, FLOW_SOURCE + ADDRESS_KEY_WORDS),
      destination_port: portOf(key[FLOW_PORT + 1]),
      protocol: protocolName(key[0]),
    },
  };
}

/** @param first the word with the IP version, which the address follows. */
function addressOf(key: Int32Array, first: number): string {
  const words = key[first] === 4 ? 1 : 4;
  return addressText([...key.subarray(first + 1, first + 1 + words)]);
}

function portOf(port: number): number | null {
  return port === ABSENT ? null : port;
}
