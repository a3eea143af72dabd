import type { Packet } from '../protocol/packet.js';

/** No rule of the table matches. */
export const NO_MATCH = -1;

/** Finds the rule that a packet belongs to. Owned by one worker; built once a generation. */
export interface Matcher {
  /**
   * @param packet parsed, with its `interfaceIndex` set.
   * @returns position of the first rule that matches, or `NO_MATCH`.
   */
  match(packet: Packet): number;
}
