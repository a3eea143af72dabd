import { LINK_TYPES } from './link-frames.js';
import type { Random } from './random.js';
import type { SampleFrame } from './sample-frames.js';

/** A frame as a source may deliver it: possibly cut, possibly lying about its length. */
export interface BentFrame {
  bytes: Uint8Array;
  wireBytes: number;
  linkType: number;
}

/** Values at which some branch of the parser turns: versions, lengths, protocols, halves of EtherTypes. */
const TELLING_BYTES = [
  0, 1, 2, 4, 5, 6, 8, 10, 16, 17, 20, 24, 28, 30, 40, 43, 44, 50, 51, 58, 59, 60, 64, 0x40, 0x45, 0x4f, 0x60,
  0x81, 0x86, 0x88, 0xa8, 0xdd, 132, 135, 139, 140, 255,
];
const MUTATIONS_MAX = 4;
/** Headers lie in front: most of what is bent should be one. */
const HEADER_BYTES = 90;

/** A sample frame with a few things wrong, or, one time in sixteen, nothing but random bytes. */
export function bendFrame(random: Random, samples: readonly SampleFrame[]): BentFrame {
  const sample = random.pick(samples);
  const frame: BentFrame = {
    bytes: sample.bytes.slice(),
    wireBytes: sample.bytes.length,
    linkType: sample.linkType,
  };
  if (random.below(16) === 0) {
    for (let i = 0; i < frame.bytes.length; i++) frame.bytes[i] = random.uint32();
    frame.linkType = random.pick(LINK_TYPES);
  }
  for (let left = random.below(MUTATIONS_MAX + 1); left > 0; left--) mutate(random, frame, samples);
  return frame;
}

function mutate(random: Random, frame: BentFrame, samples: readonly SampleFrame[]): void {
  const { bytes } = frame;
  const at = random.below(Math.min(bytes.length, HEADER_BYTES));
  switch (random.below(8)) {
    case 0:
      if (bytes.length > 0) bytes[at] ^= 1 << random.below(8);
      return;
    case 1:
      if (bytes.length > 0) bytes[at] = random.uint32();
      return;
    case 2:
    case 3:
      if (bytes.length > 0) bytes[at] = random.pick(TELLING_BYTES);
      return;
    case 4:
      frame.bytes = bytes.subarray(0, random.below(bytes.length + 1));
      return;
    case 5:
      frame.wireBytes = random.below(bytes.length + 20);
      return;
    case 6:
      // Cut on the wire, not only in the capture.
      frame.bytes = bytes.subarray(0, random.below(bytes.length + 1));
      frame.wireBytes = frame.bytes.length;
      return;
    default: {
      const donor = random.pick(samples).bytes;
      const from = random.below(donor.length);
      const count = Math.min(random.below(24), donor.length - from, bytes.length - at);
      bytes.set(donor.subarray(from, from + count), at);
    }
  }
}
