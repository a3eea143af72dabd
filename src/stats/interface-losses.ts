import { readFileSync } from 'node:fs';

/** Frames that the kernel or the network card counts as lost at the interface. */
export interface Losses {
  /** `rx_missed_errors`: the network card had no room. */
  readonly missed: number;
  /** `rx_dropped`: dropped by the kernel, or unwanted by all but packet sockets, which have read those. */
  readonly dropped: number;
}

const FILES = { missed: 'rx_missed_errors', dropped: 'rx_dropped' } as const;
const KINDS = ['missed', 'dropped'] as const;

/**
 * An interface's own counters of losses, counted on from when UPE started: the kernel's are older than
 * UPE, and begin again when the interface is created again.
 * Source: Documentation/ABI/testing/sysfs-class-net-statistics.
 */
export class InterfaceLosses {
  private readonly total = { missed: 0, dropped: 0 };
  /** What the kernel said last; -1 before it said anything. */
  private readonly last = { missed: -1, dropped: -1 };

  constructor(private readonly name: string) {}

  /**
   * Reads the kernel's counters.
   *
   * @param kernelIndex the interface's number; 0 while there is none.
   */
  update(kernelIndex: number): Losses {
    if (kernelIndex === 0 || !this.isOurs(kernelIndex)) return this.total;
    for (const kind of KINDS) {
      const now = Number(this.read(`statistics/${FILES[kind]}`));
      const before = this.last[kind];
      // Less than before: created again, and counting from 0.
      if (before >= 0) this.total[kind] += now >= before ? now - before : now;
      this.last[kind] = now;
    }
    return this.total;
  }

  /** /sys may show another network namespace than ours, with an interface of the same name. */
  private isOurs(kernelIndex: number): boolean {
    return Number(this.read('ifindex')) === kernelIndex;
  }

  /** Empty when the interface has just gone. */
  private read(file: string): string {
    try {
      return readFileSync(`/sys/class/net/${this.name}/${file}`, 'utf8');
    } catch {
      return '';
    }
  }
}
