import { writeFileSync } from 'node:fs';
import { type PcapRecord, pcapFile } from '../fixtures/capture-builder.js';
import type { Host } from './lab.js';

/** What tcpreplay says of a run. */
export interface Sent {
  readonly packets: number;
  readonly failed: number;
  readonly packetsPerSecond: number;
}

/** Writes a capture of frames, to be sent. */
export function writeFrames(file: string, frames: readonly Uint8Array[]): void {
  writeFileSync(file, pcapFile(frames.map((frame): PcapRecord => ({ frame }))));
}

/**
 * Sends the frames of a capture file from a host.
 *
 * @param packetsPerSecond 0 for as fast as it goes.
 * @param loops how often the whole file is sent.
 */
export async function tcpreplay(
  host: Host,
  name: string,
  file: string,
  packetsPerSecond = 1000,
  loops = 1,
): Promise<Sent> {
  const speed = packetsPerSecond === 0 ? '--topspeed' : `--pps=${packetsPerSecond}`;
  const options = ['--preload-pcap', `--loop=${loops}`, speed, `--intf1=${name}`];
  const { exitCode, output } = await host.finish('tcpreplay', ...options, file);
  const number = (what: RegExp) => {
    const text = what.exec(output)?.[1];
    if (exitCode !== 0 || text === undefined) throw new Error(`tcpreplay ${file}: ${output}`);
    return Number(text);
  };
  return {
    packets: number(/Successful packets:\s+(\d+)/),
    failed: number(/Failed packets:\s+(\d+)/),
    packetsPerSecond: number(/, ([\d.]+) pps/),
  };
}
