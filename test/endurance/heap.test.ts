import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { allowDeepInlining } from '../../src/engine/v8-flags.js';
import { temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import type { HeapLooks, HeapThreadData } from './heap-thread.js';

const FILE_PACKETS = 20_000;
/** Packets between two looks at the heap. */
const PACKETS = 10_000_000;
/** The look from which on it must not grow: V8 has gathered what it wants to know of the loops. */
const FIRST_LOOK = 1;
const LOOKS = FIRST_LOOK + 6;
/**
 * What V8 keeps about functions comes and goes by so much. An object kept for each burst would be 25 MB, and one
 * for each reading of the file 80 kB.
 */
const GROWN_BYTES_MAX = 64 * 1024;

t.setTimeout(300_000);

/** tap has its own word with the threads of a test: that one is passed over. */
async function looksOf(thread: Worker): Promise<HeapLooks> {
  for (;;) {
    const [message] = await once(thread, 'message');
    if (message.bytes !== undefined) return message;
  }
}

t.test('50 million packets from a file that is read again and again: the heap does not grow', async (t) => {
  allowDeepInlining();
  setFlagsFromString('--expose-gc');
  const workerData: HeapThreadData = {
    file: writeCapture(temporaryFolder(t), FILE_PACKETS),
    packets: PACKETS,
    looks: LOOKS,
  };
  const thread = new Worker(new URL('./heap-thread.js', import.meta.url), { workerData });
  const { bytes, packets } = await looksOf(thread);
  t.comment(`objects that were no garbage, bytes, every ${PACKETS} packets: ${bytes.join(', ')}`);
  t.ok(packets >= LOOKS * PACKETS, `${packets} packets`);
  const grown = bytes[LOOKS - 1] - bytes[FIRST_LOOK];
  const between = (LOOKS - 1 - FIRST_LOOK) * PACKETS;
  t.ok(grown <= GROWN_BYTES_MAX, `${grown} bytes more after ${between} packets, up to ${GROWN_BYTES_MAX}`);
});
