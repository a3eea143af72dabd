import { readFileSync } from 'node:fs';

/** The kernel counts processor time in hundredths of a second, whatever it runs at: proc_stat(5), USER_HZ. */
const SECONDS_PER_TICK = 0.01;

/**
 * What everybody else took of this machine's processors since it was made: other processes, and the hypervisor. It
 * knows nothing of what is measured meanwhile, so a measurement may be set aside for it.
 */
export class MachineLoad {
  readonly #startMs = performance.now();
  readonly #startSeconds = othersSeconds();

  /** Processors that others kept busy, on the average: 0 to the number there are. */
  ofOthers(): number {
    return (1000 * (othersSeconds() - this.#startSeconds)) / (performance.now() - this.#startMs);
  }
}

function othersSeconds(): number {
  const line = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user, nice, system, , , irq, softirq, steal] = line.split(' ').map(Number);
  const own = process.cpuUsage();
  return SECONDS_PER_TICK * (user + nice + system + irq + softirq + steal) - 1e-6 * (own.user + own.system);
}
