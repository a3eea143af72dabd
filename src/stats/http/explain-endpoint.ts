import { LINK_ETHERNET } from '../../protocol/link-type.js';
import { type Answer, answerFor, withLinkNote } from '../../rules/explain/answer.js';
import { parseHexFrame, parseLinkType } from '../../rules/explain/hex-frame.js';
import { type JudgedFrame, judgeFrame } from '../../rules/explain/judged-frame.js';
import { readQuestion } from '../../rules/explain/packet-question.js';
import { Mistake } from '../../rules/mistake.js';
import { RuleTable } from '../../rules/rule-table.js';
import type { EngineState } from '../engine-state.js';
import type { ExplainQuery } from './explain-schema.js';
import { LISTED_RULES_MAX } from './limits.js';
import type { Problem, ProblemPart } from './problem.js';

export const EXPLAIN_PATH = '/api/v1/explain';

/** Rules that are listed where the request does not say how many. */
const LISTED_RULES = 1000;

/** The answer, and the table that has given it. */
export interface EngineAnswer extends Answer {
  readonly generation: number;
}

/** Says what the rules in use do with a packet. Reads the table that the workers share, and asks none of them. */
export class ExplainEndpoint {
  constructor(private readonly state: EngineState) {}

  /** @param query whose parameters are known ones, one text each. */
  answer(query: ExplainQuery): EngineAnswer | Problem {
    const { rulesInUse, aggregator, bufferBytes, unjudged } = this.state;
    const interfaces = aggregator.totals.interfaces.map(({ name }) => name);
    const errors: ProblemPart[] = [];
    const frame = frameOf(query, interfaces, bufferBytes, errors);
    const all = truthOf(query.all, errors);
    const limit = limitOf(query.limit, errors);
    if (frame === null || errors.length > 0) return problemOf(errors);
    const { generation, table: buffer, live } = rulesInUse;
    const table = new RuleTable({ generation, buffer, compiled: null });
    const explainable = { table, rules: live, interfaces };
    const answer = answerFor(explainable, frame, unjudged, { all, limit });
    const isTakenForEthernet = query.hex !== undefined && query.link_type === undefined;
    return { generation, ...(isTakenForEthernet ? withLinkNote(answer, 'link_type') : answer) };
  }
}

/** The frame that is asked about; `null`, with the reasons added, where the request does not give one. */
function frameOf(
  query: ExplainQuery,
  interfaces: readonly string[],
  keptBytes: number,
  errors: ProblemPart[],
): JudgedFrame | null {
  const { hex, link_type, all: _all, limit: _limit, ...fields } = query;
  if (hex !== undefined) {
    for (const parameter of Object.keys(fields)) {
      if (parameter !== 'in_interface')
        errors.push({ parameter, detail: 'does not go with hex: the frame says it itself' });
    }
    return hexFrame(hex, query, interfaces, keptBytes, errors);
  }
  if (link_type !== undefined) errors.push({ parameter: 'link_type', detail: 'goes with hex only' });
  if (Object.keys(fields).length === 0) {
    errors.push({ parameter: 'hex', detail: 'give it, or fields of the packet like dst and dst_port' });
    return null;
  }
  const packet = readQuestion(fields, interfaces);
  if ('ipVersion' in packet) return { kind: 'packet', packet, anomalies: [] };
  errors.push(...packet.map(({ field, message }) => ({ parameter: field, detail: message })));
  return null;
}

function hexFrame(
  hex: string,
  { link_type, in_interface }: ExplainQuery,
  interfaces: readonly string[],
  keptBytes: number,
  errors: ProblemPart[],
): JudgedFrame | null {
  const bytes = parseHexFrame(hex);
  const linkType = link_type === undefined ? LINK_ETHERNET : parseLinkType(link_type);
  if (bytes instanceof Mistake) errors.push({ parameter: 'hex', detail: bytes.message });
  if (linkType instanceof Mistake) errors.push({ parameter: 'link_type', detail: linkType.message });
  if (bytes instanceof Mistake || linkType instanceof Mistake) return null;
  const frame = { bytes, wireBytes: bytes.length, linkType };
  return judgeFrame(frame, keptBytes, in_interface === undefined ? null : interfaces.indexOf(in_interface));
}

function truthOf(text: string | undefined, errors: ProblemPart[]): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') {
    errors.push({ parameter: 'all', detail: 'must be true or false' });
  }
  return text === 'true';
}

function limitOf(text: string | undefined, errors: ProblemPart[]): number {
  if (text === undefined) return LISTED_RULES;
  const limit = /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LISTED_RULES_MAX) {
    errors.push({ parameter: 'limit', detail: `must be a whole number from 1 to ${LISTED_RULES_MAX}` });
  }
  return limit;
}

function problemOf(errors: readonly ProblemPart[]): Problem {
  const detail = errors.map((error) => `${error.parameter}: ${error.detail}.`).join(' ');
  return { status: 400, detail, errors };
}
