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
/** Cells of an interface: of each kind the total, and one more than the kernel said last (0: nothing yet). */
export const LOSS_CELLS = 2 * KINDS.length;

/**
 * An interface's own counters of losses, counted on from when UPE started: the kernel's are older than
 * UPE, and begin again when the interface is created again.
 * Source: Documentation/ABI/testing/sysfs-class-net-statistics.
 */
export class InterfaceLosses {
  /** @param cells `LOSS_CELLS` of shared memory, zero at first: a stats thread that follows another goes on with them. */
  constructor(
    private readonly name: string,
    private readonly cells: Float64Array,
  ) {}

  /**
   * Reads the kernel's counters.
   *
   * @param kernelIndex the interface's number; 0 while there is none.
   */
  update(kernelIndex: number): Losses {
    const { cells } = this;
    if (kernelIndex !== 0 && this.isOurs(kernelIndex)) {
      KINDS.forEach((kind, i) => {
        const now = Number(this.read(`statistics/${FILES[kind]}`));
        const before = cells[2 * i + 1] - 1;
        // Less than before: created again, and counting from 0.
        if (before >= 0) cells[2 * i] += now >= before ? now - before : now;
        cells[2 * i + 1] = 1 + now;
      });
    }
    return { missed: cells[0], dropped: cells[2] };
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
