import { InvariantError } from '../errors.js';
import type { AfPacketHandles } from './afpacket-source.js';
import type { FileReport } from './pcap-source.js';
import type { Source } from './source.js';
import type { SourceSpec } from './source-spec.js';

/**
 * Makes the source that a spec describes, not yet open, and loads what that one needs. On the rx thread: raw-socket is
 * main's.
 *
 * @param handles what main has opened for the afpacket source; `null` for the others.
 * @param reportFile told of every capture file when its reading has ended.
 */
export async function createSource(
  spec: SourceSpec,
  handles: AfPacketHandles | null,
  reportFile: (report: FileReport) => void,
): Promise<Source> {
  switch (spec.kind) {
    case 'demo': {
      const { DemoSource } = await import('./demo-source.js');
      return new DemoSource({ packetsPerSecond: spec.packetsPerSecond, seed: spec.seed });
    }
    case 'pcap': {
      const { PcapSource } = await import('./pcap-source.js');
      return new PcapSource(
        { files: spec.files, pace: spec.pace, loop: spec.loop, interfaceLabel: spec.kind },
        { reportFile },
      );
    }
    case 'afpacket': {
      if (handles === null) throw new InvariantError('the afpacket source has no handles');
      const { AfPacketSource } = await import('./afpacket-source.js');
      return new AfPacketSource({ ...handles, patienceMs: spec.patienceMs });
    }
    case 'raw-socket':
      throw new InvariantError('raw-socket works on the main thread only');
  }
}
