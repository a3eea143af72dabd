import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../errors.js';
import { CaptureFile, PACKET_NONE, PACKET_READ } from './capture-file.js';
import { CaptureInput } from './capture-input.js';

/** How long a pipe that has nothing is left alone, milliseconds. */
const DRY_WAIT_MS = 5;

/** One packet of a capture file, with bytes of its own. */
export interface CapturedPacket {
  readonly bytes: Uint8Array;
  readonly wireBytes: number;
  readonly linkType: number;
}

/**
 * Finds a packet in a capture file by its number, as tcpdump and Wireshark count.
 *
 * @param file a path, or `-` for standard input.
 * @param number from 1.
 * @throws ConfigError when there are fewer.
 * @throws CaptureFileError when the file is damaged before it; EnvironmentError when it cannot be read.
 */
export async function nthPacket(file: string, number: number): Promise<CapturedPacket> {
  const input = new CaptureInput();
  const capture = new CaptureFile(file, input);
  try {
    let seen = 0;
    for (;;) {
      const status = capture.next(true);
      if (status === PACKET_NONE) break;
      if (status !== PACKET_READ) await sleep(DRY_WAIT_MS);
      else if (++seen === number) return currentPacket(capture, input);
    }
    const packets = seen === 1 ? '1 packet' : `${seen} packets`;
    throw new ConfigError([`there is no packet ${number} in ${input.label}: it has ${packets}.`]);
  } finally {
    capture.close();
  }
}

function currentPacket({ reader }: CaptureFile, input: CaptureInput): CapturedPacket {
  const { frameOffset, capturedBytes, wireBytes, linkType } = reader!;
  const bytes = input.bytes.slice(frameOffset, frameOffset + capturedBytes);
  return { bytes, wireBytes, linkType };
}
