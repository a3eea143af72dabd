import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { BURST_FRAMES, type FrameBatch } from '../../src/source/frame-batch.js';
import { SOURCE_FINISHED, type Source } from '../../src/source/source.js';
import { arp, ethernet, ipv4, tcp, udp } from '../fixtures/frames.js';
import type { Random } from '../protocol/random.js';
import { rules } from '../support/engine-fixture.js';

/** Kinds of frames that a table can tell apart, and those that reach no rule. */
type Kind = 'web' | 'dns' | 'telnet' | 'arp' | 'snapped' | 'malformed';

interface Template {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
}

const SOURCES = ['10.0.0.1', '10.0.0.2', '10.9.8.7'];
const TEMPLATES: readonly Template[] = [
  ...SOURCES.flatMap((src): Template[] => [
    { kind: 'web', bytes: ethernet({ payload: ipv4({ src, payload: tcp({ dstPort: 443 }) }) }) },
    { kind: 'dns', bytes: ethernet({ payload: ipv4({ src, payload: udp({ dstPort: 53 }) }) }) },
    { kind: 'telnet', bytes: ethernet({ payload: ipv4({ src, payload: tcp({ dstPort: 23 }) }) }) },
  ]),
  { kind: 'web', bytes: ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443 }) }), minimumBytes: 400 }) },
  { kind: 'arp', bytes: ethernet({ payload: arp() }) },
  { kind: 'snapped', bytes: ethernet({ payload: ipv4({}) }).subarray(0, 20) },
  { kind: 'malformed', bytes: withByte(ethernet({ payload: ipv4({}) }), 14, 0x55) },
];

function withByte(frame: Uint8Array, byteOffset: number, value: number): Uint8Array {
  frame[byteOffset] = value;
  return frame;
}

/** A frame's length on the wire tells which template it is of, wherever it has got to. */
const FIRST_WIRE_BYTES = 1000;

/** @param wireBytes of a frame of `SimulatedSource`. */
export function kindOf(wireBytes: number): Kind {
  return TEMPLATES[wireBytes - FIRST_WIRE_BYTES].kind;
}

/** A rule table, and by kind of frame the rule and the action that it must be counted by. */
export interface SimulatedTable {
  readonly ruleSet: RuleSet;
  readonly outcomes: Readonly<Record<'web' | 'dns' | 'telnet', string>>;
}

/** Rules that move about, change actions, go and come back. */
export const TABLES: readonly SimulatedTable[] = [
  {
    ruleSet: rules(`
default_action: count
rules:
  - { name: web, match: { dst_port: 443 }, action: count }
  - { name: telnet, match: { dst_port: 23 }, action: drop }`),
    outcomes: { web: 'web count', dns: 'unmatched count', telnet: 'telnet drop' },
  },
  {
    ruleSet: rules(`
default_action: drop
rules:
  - { name: telnet, match: { dst_port: 23 }, action: count }
  - { name: dns, match: { dst_port: 53 }, action: forward }`),
    outcomes: { web: 'unmatched drop', dns: 'dns forward', telnet: 'telnet count' },
  },
  {
    ruleSet: rules(`
default_action: count
rules:
  - { name: all-tcp, match: { protocol: tcp }, action: forward }
  - { name: web, match: { dst_port: 443 }, action: count }
  - { name: dns, match: { dst_port: 53 }, action: drop }`),
    outcomes: { web: 'all-tcp forward', dns: 'dns drop', telnet: 'all-tcp forward' },
  },
];

/** Where a frame must be counted: a rule and its action, `unmatched` and an action, or the kind itself. */
export function outcomeOf(kind: Kind, table: SimulatedTable): string {
  return kind === 'web' || kind === 'dns' || kind === 'telnet' ? table.outcomes[kind] : kind;
}

/** Gives bursts of any size, and sometimes none, up to a number of frames. */
export class SimulatedSource implements Source {
  readonly interfaces = ['a', 'b'];
  readonly block = null;
  /** Frames given. */
  given = 0;
  private readonly memory: Uint8Array;
  private readonly byteOffsets: number[] = [];

  /** @param frames after that many it is finished; `Infinity` for never. */
  constructor(
    private readonly random: Random,
    readonly patienceMs: number,
    readonly comesInBlocks: boolean,
    private readonly frames: number,
  ) {
    this.memory = Uint8Array.from(
      TEMPLATES.flatMap(({ bytes }) => {
        const before = this.byteOffsets.at(-1) ?? 0;
        this.byteOffsets.push(before + bytes.length);
        return [...bytes];
      }),
    );
  }

  get bytesRead(): number {
    return this.given;
  }

  open(): void {
    // Nothing to open.
  }

  /** What a dead reader was given and had not dealt with is there to be read again. */
  resume(dealt: number): void {
    this.given = dealt;
  }

  read(batch: FrameBatch): number {
    if (this.given >= this.frames) return SOURCE_FINISHED;
    const wanted = this.random.below(3) === 0 ? BURST_FRAMES : this.random.below(BURST_FRAMES);
    const count = Math.min(wanted, this.frames - this.given);
    batch.attach(this.memory);
    batch.frameCount = 0;
    for (let i = 0; i < count; i++) {
      const template = this.random.below(TEMPLATES.length);
      const { length } = TEMPLATES[template].bytes;
      const byteOffset = this.byteOffsets[template] - length;
      batch.add(byteOffset, length, FIRST_WIRE_BYTES + template, LINK_ETHERNET, this.random.below(2));
    }
    this.given += count;
    return count;
  }

  waitMs(): number {
    return 0;
  }

  takeKernelDrops(): number {
    return this.random.below(2);
  }

  close(): void {
    // Nothing was opened.
  }
}
