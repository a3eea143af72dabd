import { parentPort, workerData } from 'node:worker_threads';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import type { CountersMemory } from '../../src/counters/counters-layout.js';
import { COMMAND_STOP, CONTROL_COMMAND, controlOf } from '../../src/memory/control-layout.js';

/** What the stress test passes to the thread that counts. */
export interface CountingData {
  readonly memory: CountersMemory;
  readonly control: SharedArrayBuffer;
}

const { memory, control: controls } = workerData as CountingData;
const control = controlOf(controls, 0);
const banks = new CounterBanks(memory, control);
let sum = 0;

/** Counts in two cells that are equal at every burst boundary; the level is their sum. */
function countBurst(): void {
  for (let i = 0; i < 32; i++) {
    banks.cells[banks.totals]++;
    banks.cells[banks.slots]++;
    sum += 2;
  }
  banks.setLevel(0, sum);
}

while (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) {
  countBurst();
  if (banks.isRequested()) banks.publish();
}
countBurst();
banks.close();
parentPort?.postMessage(sum);
