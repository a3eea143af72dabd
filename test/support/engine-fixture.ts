import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, type EngineConfig, type EngineDeps } from '../../src/engine/engine.js';
import { MonotonicClock } from '../../src/memory/clock.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { pcapFile } from '../fixtures/capture-builder.js';
import { arp, ethernet, ipv4, ipv6, tcp, udp } from '../fixtures/frames.js';

/** Parses rules that a test writes inline. */
export function rules(text: string): RuleSet {
  return parseRuleFile(new TextEncoder().encode(text), 'test.yaml');
}

/** Web, DNS and telnet in equal parts over 64 flows, one frame in eight without IP. */
export function mixedFrames(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let flow = 0; flow < 64; flow++) {
    const src = `10.0.${flow}.1`;
    frames.push(
      ethernet({ payload: ipv4({ src, payload: tcp({ srcPort: 1024 + flow, dstPort: 443 }) }) }),
      ethernet({ payload: ipv4({ src, payload: udp({ srcPort: 1024 + flow, dstPort: 53 }) }) }),
      ethernet({ payload: ipv6({ src: `2001:db8::${flow}`, payload: tcp({ dstPort: 23 }) }) }),
    );
    if (flow % 2 === 0) frames.push(ethernet({ payload: arp() }));
  }
  return frames;
}

/** A folder that goes when the test ends. */
export function temporaryFolder(t: { teardown(clean: () => void): unknown }): string {
  const folder = mkdtempSync(join(tmpdir(), 'upe-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Writes a capture file of the mixed frames, repeated.
 *
 * @param packets frames in the file.
 * @returns the file's path.
 */
export function writeCapture(folder: string, packets: number): string {
  const frames = mixedFrames();
  const records = Array.from({ length: packets }, (_, i) => ({ frame: frames[i % frames.length] }));
  const file = join(folder, `${packets}.pcap`);
  writeFileSync(file, pcapFile(records));
  return file;
}

/** An engine without a stats thread, unless the test asks for one. */
export function createEngine(config: Partial<EngineConfig>, deps: Partial<EngineDeps> = {}): Engine {
  return new Engine(
    {
      version: '0.0.0-test',
      source: { kind: 'demo', packetsPerSecond: 1000, seed: 1 },
      ruleSet: rules('rules: []'),
      acceptForward: true,
      nonIp: 'forward',
      malformed: 'drop',
      workerCount: 1,
      ringSlots: 1024,
      poolBuffers: 2048,
      bufferBytes: 2048,
      ruleCapacity: 64,
      idle: 'park',
      stats: null,
      affinity: null,
      account: null,
      restarts: null,
      logLevel: 'silent',
      ...config,
    },
    {
      clock: new MonotonicClock(),
      onFile: () => undefined,
      onFinished: () => undefined,
      onRestart: () => undefined,
      onDeath: (thread, error) => {
        throw new Error(`the ${thread} thread has died`, { cause: error });
      },
      onWarning: () => undefined,
      onLink: () => undefined,
      onReloadWanted: async () => ({ kind: 'stopping' }),
      ...deps,
    },
  );
}
