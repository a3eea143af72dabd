import type { Packet } from '../../protocol/packet.js';

/** Words of a key: which change, version and protocol, both addresses, both ports. */
const KEY_WORDS = 12;
const NO_ENTRY = -1;

/** One flow's share of a change. */
export interface FlowEntry {
  readonly change: number;
  readonly ipVersion: number;
  readonly protocol: number;
  readonly src: readonly number[];
  readonly dst: readonly number[];
  /** As in a `Packet`: -1 for none. */
  readonly srcPort: number;
  readonly dstPort: number;
  readonly packets: number;
  readonly bytes: number;
  /** Where its first packet is: file, from 0, and number in it, from 1. */
  readonly fileIndex: number;
  readonly number: number;
}

/**
 * Counts flows in one direction (addresses, protocol, ports) by the change that they belong to. Takes in so many as
 * it has been made for, and allocates nothing a packet: a capture may have any number of flows.
 */
export class FlowTable {
  count = 0;
  private readonly keys: Int32Array;
  private readonly packets: Float64Array;
  private readonly bytes: Float64Array;
  private readonly fileIndexes: Int32Array;
  private readonly numbers: Float64Array;
  /** Open addressing, never more than half full: an entry's number, or `NO_ENTRY`. */
  private readonly places: Int32Array;
  private readonly key = new Int32Array(KEY_WORDS);

  /** @param capacity flows, a power of two. */
  constructor(private readonly capacity: number) {
    this.keys = new Int32Array(capacity * KEY_WORDS);
    this.packets = new Float64Array(capacity);
    this.bytes = new Float64Array(capacity);
    this.fileIndexes = new Int32Array(capacity);
    this.numbers = new Float64Array(capacity);
    this.places = new Int32Array(2 * capacity).fill(NO_ENTRY);
  }

  /**
   * Counts a packet.
   *
   * @returns 1 for the first packet of a flow, 0 for a later one, -1 when there is no room for its flow.
   */
  add(change: number, packet: Packet, bytes: number, fileIndex: number, number: number): number {
    let place = this.hashKey(change, packet);
    let isNew = 0;
    let entry = this.places[place];
    while (entry !== NO_ENTRY && !this.isKeyOf(entry)) {
      place = (place + 1) & (this.places.length - 1);
      entry = this.places[place];
    }
    if (entry === NO_ENTRY) {
      if (this.count === this.capacity) return -1;
      entry = this.count++;
      this.places[place] = entry;
      this.keys.set(this.key, entry * KEY_WORDS);
      this.fileIndexes[entry] = fileIndex;
      this.numbers[entry] = number;
      isNew = 1;
    }
    this.packets[entry] += 1;
    this.bytes[entry] += bytes;
    return isNew;
  }

  /** The flows with the most packets, those first. */
  heaviest(limit: number): FlowEntry[] {
    const order = Array.from({ length: this.count }, (_, entry) => entry);
    order.sort((a, b) => this.packets[b] - this.packets[a] || a - b);
    return order.slice(0, limit).map((entry) => this.entry(entry));
  }

  private entry(entry: number): FlowEntry {
    const own = this.keys.subarray(entry * KEY_WORDS, (entry + 1) * KEY_WORDS);
    const [change, versionAndProtocol, srcPort, dstPort, ...addresses] = own;
    const ipVersion = versionAndProtocol >> 8;
    const protocol = versionAndProtocol & 0xff;
    const words = ipVersion === 4 ? 1 : 4;
    return {
      change,
      ipVersion,
      protocol,
      src: addresses.slice(0, words),
      dst: addresses.slice(words, 2 * words),
      srcPort,
      dstPort,
      packets: this.packets[entry],
      bytes: this.bytes[entry],
      fileIndex: this.fileIndexes[entry],
      number: this.numbers[entry],
    };
  }

  private isKeyOf(entry: number): boolean {
    const { keys, key } = this;
    const first = entry * KEY_WORDS;
    for (let i = 0; i < KEY_WORDS; i++) if (keys[first + i] !== key[i]) return false;
    return true;
  }

  /** Fills in the key. Returns where to look first. */
  private hashKey(change: number, packet: Packet): number {
    const { key } = this;
    key[0] = change;
    key[1] = (packet.ipVersion << 8) | packet.protocol;
    key[2] = packet.srcPort;
    key[3] = packet.dstPort;
    key[4] = packet.src0;
    if (packet.ipVersion === 4) {
      key[5] = packet.dst0;
      // The other words of an IPv4 packet's record are left over from earlier packets.
      key.fill(0, 6);
    } else {
      key[5] = packet.src1;
      key[6] = packet.src2;
      key[7] = packet.src3;
      key[8] = packet.dst0;
      key[9] = packet.dst1;
      key[10] = packet.dst2;
      key[11] = packet.dst3;
    }
    let hash = 0;
    for (let i = 0; i < KEY_WORDS; i++) {
      hash = Math.imul(hash ^ key[i], 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash & (this.places.length - 1);
  }
}
