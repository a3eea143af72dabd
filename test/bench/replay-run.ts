import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine/engine.js';
import { MonotonicClock } from '../../src/memory/clock.js';
import { BUNDLED_RULES_FILE } from '../../src/package-files.js';
import { loadRuleFile } from '../../src/rules/rule-file.js';
import { pcapFile } from '../fixtures/capture-builder.js';
import { ethernet, ipv4, tcp } from '../fixtures/frames.js';

/**
 * `replay-run.js PACKETS`: a capture of 64-byte frames through the engine with the bundled rules and one
 * worker, timed from the first frame received to the last one counted; starting threads is not in it.
 */
const FLOWS = 500;
const packets = Number(process.argv[2]);

const frames = Array.from({ length: FLOWS }, (_, flow) =>
  ethernet({
    minimumBytes: 64,
    payload: ipv4({
      src: `10.0.${flow >> 8}.${flow & 255}`,
      payload: tcp({ srcPort: 1024 + flow, dstPort: flow % 2 === 0 ? 443 : 80 }),
    }),
  }),
);
const folder = mkdtempSync(join(tmpdir(), 'upe-bench-'));
try {
  const file = join(folder, 'replay.pcap');
  writeFileSync(file, pcapFile(Array.from({ length: packets }, (_, i) => ({ frame: frames[i % FLOWS] }))));
  process.stdout.write(`${JSON.stringify({ mpps: await replayRate(file) })}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

async function replayRate(file: string): Promise<number> {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const engine = new Engine(
    {
      version: 'bench',
      source: { kind: 'pcap', files: [file], pace: { kind: 'max' }, loop: false },
      ruleSet: loadRuleFile(BUNDLED_RULES_FILE),
      acceptForward: true,
      nonIp: 'forward',
      malformed: 'drop',
      workerCount: 1,
      restarts: null,
      ringSlots: 1024,
      poolBuffers: 2048,
      bufferBytes: 2048,
      ruleCapacity: 1024,
      idle: 'park',
      stats: null,
      affinity: null,
      account: null,
      logLevel: 'silent',
    },
    {
      clock: new MonotonicClock(),
      onFile: () => undefined,
      onFinished: () => finish(),
      onRestart: () => undefined,
      onDeath: (thread, error) => {
        throw new Error(`the ${thread} thread has died`, { cause: error });
      },
      onWarning: () => undefined,
      onLink: () => undefined,
      onReloadWanted: async () => ({ kind: 'stopping' }),
    },
  );
  await engine.start();
  const beganMs = performance.now();
  await finished;
  while (engine.aggregator !== null && engine.aggregator.totals.processed < packets) {
    await engine.aggregator.pass(engine.series.notice.slotCount);
  }
  const elapsedMs = performance.now() - beganMs;
  const summary = await engine.stop();
  if (!summary.holds || summary.processed !== packets) throw new Error(JSON.stringify(summary));
  return packets / elapsedMs / 1000;
}
