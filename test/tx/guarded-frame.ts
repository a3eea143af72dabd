import { completeChecksum } from '../../src/tx/checksum.js';

/** Where frames begin in their memory: as little aligned as it can be. */
const BYTE_OFFSET = 5;
const GUARD = 0xa5;

/** What `completeChecksum` may use, and how many bytes each takes. */
const ACCESSES = [
  ['getUint8', 1],
  ['getUint16', 2],
  ['getUint32', 4],
  ['setUint8', 1],
  ['setUint16', 2],
  ['setUint32', 4],
] as const;

/** A view of memory that throws when anything outside the frame in it is touched. */
function guardedView(memory: Uint8Array<ArrayBuffer>, frameBytes: number): DataView {
  const view = new DataView(memory.buffer);
  for (const [name, bytes] of ACCESSES) {
    const access = view[name].bind(view) as (at: number, ...more: unknown[]) => unknown;
    const checked = (at: number, ...more: unknown[]) => {
      const inFrame = at - BYTE_OFFSET;
      if (inFrame >= 0 && inFrame + bytes <= frameBytes) return access(at, ...more);
      throw new RangeError(`${name} at ${inFrame} of a frame of ${frameBytes} bytes`);
    };
    Object.defineProperty(view, name, { value: checked });
  }
  return view;
}

/** The frame after `completeChecksum`; throws when anything outside it is touched. */
export function completed(frame: Uint8Array): Uint8Array {
  const memory = new Uint8Array(BYTE_OFFSET + frame.length + 64).fill(GUARD);
  memory.set(frame, BYTE_OFFSET);
  completeChecksum(guardedView(memory, frame.length), BYTE_OFFSET, frame.length);
  return memory.slice(BYTE_OFFSET, BYTE_OFFSET + frame.length);
}

export function hex(frame: Uint8Array): string {
  return Buffer.from(frame).toString('hex');
}

/** Bytes that are all different. */
export function text(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => 251 - i * 7);
}
