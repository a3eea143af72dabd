import { InvariantError } from '../errors.js';
import type { AfPacketHandles, AfPacketSourceDeps } from './afpacket-source.js';
import type { PcapSourceDeps } from './pcap-source.js';
import type { Source } from './source.js';
import type { SourceSpec } from './source-spec.js';

/**
 * Makes the source that a spec describes, not yet open, and loads what that one needs. On the rx thread: raw-socket is
 * main's.
 *
 * @param handles what main has opened for the afpacket source; `null` for the others.
 * @param listener told of every capture file when its reading has ended, and of interfaces that are lost.
 */
export async function createSource(
  spec: SourceSpec,
  handles: AfPacketHandles | null,
  listener: AfPacketSourceDeps & PcapSourceDeps,
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
        listener,
      );
    }
    case 'afpacket': {
      if (handles === null) throw new InvariantError('the afpacket source has no handles');
      const { AfPacketSource } = await import('./afpacket-source.js');
      return new AfPacketSource({ ...handles, patienceMs: spec.patienceMs }, listener);
    }
    case 'raw-socket':
      throw new InvariantError('raw-socket works on the main thread only');
  }
}
