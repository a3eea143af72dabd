import { DemoSource } from './demo-source.js';
import type { Pace } from './pacer.js';
import { type FileReport, PcapSource } from './pcap-source.js';
import type { Source } from './source.js';

/** Which source to open, in a form that can be passed to a thread. */
export type SourceSpec =
  | { readonly kind: 'demo'; readonly packetsPerSecond: number; readonly seed: number }
  | {
      readonly kind: 'pcap';
      readonly files: readonly string[];
      readonly pace: Pace;
      readonly loop: boolean;
    };

/** Labels of the interfaces that a source's frames come in by, known before it is opened. */
export function interfacesOf(spec: SourceSpec): readonly string[] {
  return [spec.kind];
}

/**
 * Makes the source that a spec describes, not yet open.
 *
 * @param reportFile told of every capture file when its reading has ended.
 */
export function createSource(spec: SourceSpec, reportFile: (report: FileReport) => void): Source {
  switch (spec.kind) {
    case 'demo':
      return new DemoSource({ packetsPerSecond: spec.packetsPerSecond, seed: spec.seed });
    case 'pcap':
      return new PcapSource(
        { files: spec.files, pace: spec.pace, loop: spec.loop, interfaceLabel: spec.kind },
        { reportFile },
      );
  }
}
