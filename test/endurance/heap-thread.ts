import { getHeapSpaceStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { PcapSource } from '../../src/source/pcap-source.js';
import { Lane } from '../bench/stages/lane.js';

/** What the thread is given. */
export interface HeapThreadData {
  /** A capture file, read round and round. */
  readonly file: string;
  /** Packets between two looks at the heap. */
  readonly packets: number;
  /** Looks at the heap. */
  readonly looks: number;
}

/** What the thread answers: its objects that are not garbage, bytes, at each look. */
export interface HeapLooks {
  readonly bytes: readonly number[];
  readonly packets: number;
}

/** V8's code lies in spaces of its own: it compiles a function again now and then, hours after the start. */
const OBJECT_SPACES = ['new_space', 'old_space'];

/** The rx loop and a worker loop by turns on this thread, fed from a file. */
const { file, packets, looks } = workerData as HeapThreadData;
const { gc } = globalThis;
if (gc === undefined) throw new Error('V8 has not been told to expose its garbage collector');
const source = new PcapSource(
  { files: [file], pace: { kind: 'max' }, loop: true, interfaceLabel: 'pcap' },
  { reportFile: () => undefined },
);
source.open();
const lane = new Lane(source, 1, 1);
const bytes: number[] = [];
let judged = 0;
for (let look = 1; look <= looks; look++) {
  while (judged < look * packets) {
    const received = lane.receive();
    const out = lane.judge();
    if (out !== received) throw new Error(`${received} packets went in and ${out} came out`);
    judged += out;
  }
  gc();
  gc();
  bytes.push(objectBytes());
}
source.close();
parentPort?.postMessage({ bytes, packets: judged } satisfies HeapLooks);

function objectBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name }) => OBJECT_SPACES.includes(space_name));
  return spaces.reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
