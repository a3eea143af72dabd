import {
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_PACKETS,
  unclassifiedSlot,
} from '../../src/counters/catalogue.js';
import { ACTIONS } from '../../src/rules/rule.js';
import type { Totals } from '../../src/stats/totals.js';

/** Something did not add up. */
export class SimulationFailure extends Error {}

/** What the workers' packets must be counted as, noted packet by packet. */
export class SimulatedOutcomes {
  private readonly sums = new Map<string, { packets: number; bytes: number }>();
  private lostBytes = 0;

  /** @param outcome of `outcomeOf`. */
  note(outcome: string, wireBytes: number): void {
    const sum = this.sums.get(outcome) ?? { packets: 0, bytes: 0 };
    sum.packets++;
    sum.bytes += wireBytes;
    this.sums.set(outcome, sum);
  }

  /** A packet that its worker died over. */
  noteLost(wireBytes: number): void {
    this.lostBytes += wireBytes;
  }

  /**
   * Every packet is counted where the table that its worker had says, and nowhere else. A lost one may have left its
   * bytes somewhere.
   *
   * @param ruleSlots by rule and action.
   */
  check({ slots, processed }: Totals, ruleSlots: ReadonlyMap<string, number>): void {
    let packets = 0;
    for (const [outcome, sum] of this.sums) {
      const cell = slotOf(outcome, ruleSlots) * SLOT_CELLS;
      const [countedPackets, countedBytes] = [slots[cell + SLOT_PACKETS], slots[cell + SLOT_BYTES]];
      const tooMany = countedBytes - sum.bytes;
      if (countedPackets !== sum.packets || tooMany < 0 || tooMany > this.lostBytes)
        throw new SimulationFailure(
          `${outcome}: ${countedPackets} packets and ${countedBytes} bytes, not ${sum.packets} and ${sum.bytes}`,
        );
      packets += sum.packets;
    }
    if (packets !== processed)
      throw new SimulationFailure(`${processed} packets were processed, not ${packets}`);
  }
}

function slotOf(outcome: string, ruleSlots: ReadonlyMap<string, number>): number {
  if (outcome === 'arp' || outcome === 'snapped') return unclassifiedSlot(outcome);
  if (outcome === 'malformed') return malformedSlot('ipv4_version');
  return (
    ruleSlots.get(outcome) ??
    FIRST_UNMATCHED_SLOT + ACTIONS.findIndex((action) => outcome === `unmatched ${action}`)
  );
}
