import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { HeapProfiler } from 'node:inspector';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import { type TestScope, UPE_MAIN } from '../support/upe-process.js';

const STEADY_SECONDS = Number(process.env.TEST_STEADY_SECONDS ?? 8);
const RECORDER = new URL('../support/allocation-recorder.js', import.meta.url).href;
const PACKETS = 100_000;
const BURST_PACKETS = 32;
/** Until V8 has compiled the loops they allocate: so much is let pass, bytes. */
const BEFORE_COMPILED_BYTES = 6_000_000;
/** One number that is allocated a burst is 16 bytes. */
const BYTES_A_BURST_MAX = 4;
/** Readings of the clock that are allocated, a few in a burst: a single number for each packet would be 512. */
const BYTES_A_BURST_EVER = 400;
const RUNS_MAX = 8;
/** Fewer bursts would not show what is allocated in each. */
const BURSTS_MIN = 200_000;

t.setTimeout(RUNS_MAX * (STEADY_SECONDS + 10) * 1000 + 60_000);

/** Bytes allocated under the function `run` of a module. */
function allocatedIn(node: HeapProfiler.SamplingHeapProfileNode, module: string, isInside = false): number {
  const { functionName, url } = node.callFrame;
  const inside = isInside || (functionName === 'run' && url.endsWith(module));
  const below = node.children.reduce((sum, child) => sum + allocatedIn(child, module, inside), 0);
  return below + (inside ? node.selfSize : 0);
}

function environment(folder: string): Record<string, string> {
  return {
    UPE_SOURCE: 'pcap',
    UPE_PCAP_FILE: writeCapture(folder, PACKETS),
    UPE_PCAP_LOOP: 'true',
    UPE_PCAP_PACE: 'max',
    UPE_WORKERS: '1',
    UPE_HTTP_PORT: '0',
  };
}

/** Starts UPE with options of V8's own; what V8 traces comes out with the log. */
function start(t: TestScope, options: readonly string[], env: Readonly<Record<string, string>>) {
  // C's standard output, which V8 writes to, would keep what goes to a pipe until it has a block full. And tap's
  // wrapper adds to NODE_OPTIONS whenever a test spawns something, so that only env(1) can set it.
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = ['-u', 'NODE_OPTIONS', ...variables, 'stdbuf', '-oL', process.execPath, ...options];
  const program = spawn('env', [...command, UPE_MAIN, 'run'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => program.kill('SIGKILL'));
  const stop = async (): Promise<number | null> => {
    const exited = once(program, 'exit');
    program.kill('SIGTERM');
    const [exitCode] = await exited;
    return exitCode;
  };
  return { lines: createInterface(program.stdout), stop };
}

/** What rx and a worker have allocated in one run, bytes for each burst beyond what compiling takes. */
async function bytesABurst(t: Test): Promise<{ readonly rx: number; readonly worker: number }> {
  const folder = temporaryFolder(t);
  const profiles = temporaryFolder(t);
  const upe = start(t, [], {
    ...environment(folder),
    NODE_OPTIONS: `--import ${RECORDER}`,
    TEST_ALLOCATIONS_FOLDER: profiles,
  });
  let lastLine = '';
  upe.lines.on('line', (line) => {
    lastLine = line;
  });
  await sleep(STEADY_SECONDS * 1000);
  const exitCode = await upe.stop();
  const bursts = Number(JSON.parse(lastLine).processed) / BURST_PACKETS;
  const trees = readdirSync(profiles).map(
    (file) => JSON.parse(readFileSync(join(profiles, file), 'utf8')) as HeapProfiler.SamplingHeapProfile,
  );
  t.equal(exitCode, 0);
  t.equal(trees.length, 5, 'main, rx, a worker, stats and the linter have written what they allocated');
  t.ok(bursts > BURSTS_MIN, `${Math.round(bursts)} bursts`);
  const allocatedBy = (thread: string, module: string) => {
    const bytes = trees.reduce((sum, { head }) => sum + allocatedIn(head, module), 0);
    t.comment(`${thread}: ${(bytes / 1e6).toFixed(1)} MB in ${(bursts / 1e6).toFixed(2)} million bursts`);
    return Math.max(0, bytes - BEFORE_COMPILED_BYTES) / bursts;
  };
  return { rx: allocatedBy('rx', '/rx-loop.js'), worker: allocatedBy('worker', '/worker-loop.js') };
}

// What V8 inlines depends on what it has seen when it compiles, so that one start is not like the other: where it
// leaves out the clock, each reading is an array.
t.test(`${STEADY_SECONDS} s at full load: rx and worker allocate nothing`, async (t) => {
  for (let run = 1; run <= RUNS_MAX; run++) {
    const { rx, worker } = await bytesABurst(t);
    t.ok(
      Math.max(rx, worker) < BYTES_A_BURST_EVER,
      `never more than the clock: ${rx} and ${worker} B a burst`,
    );
    if (Math.max(rx, worker) < BYTES_A_BURST_MAX) return;
  }
  t.fail(`none of ${RUNS_MAX} runs was free of allocation`);
});

/** Functions of the packet's way that no other thread has by the same name. */
const PACKET_WAY =
  /<JSFunction (runBurst|runHand|fetchBuffers|dealtWorker|copyFrame|copyAlignedFrame|flush|push|pop|judgeBurst|judgeUncommon|carryOut|parseCommonFrame|parseAnyFrame|noteLatencies|addLatencies|fillBatch|countEnqueued|freeHand|give|stock|refill|refillFromRing|waiting) /;
const WARM_UP_MS = 4000;
const WINDOWS_MAX = 4;

t.test('after the warm-up nothing on the packet’s way is given up by V8', async (t) => {
  const folder = temporaryFolder(t);
  const upe = start(t, ['--trace-deopt'], environment(folder));
  let traced = 0;
  const givenUp: string[] = [];
  let isSteady = false;
  upe.lines.on('line', (line) => {
    if (!line.startsWith('[bailout')) return;
    traced++;
    if (isSteady && PACKET_WAY.test(line)) givenUp.push(line.slice(0, 200));
  });
  await sleep(WARM_UP_MS);
  isSteady = true;
  let quiet = false;
  // A machine that is busy with something else warms up later.
  for (let window = 0; window < WINDOWS_MAX && !quiet; window++) {
    await sleep(STEADY_SECONDS * 1000);
    quiet = givenUp.length === 0;
    if (!quiet) t.comment(`still given up: ${givenUp.splice(0).join('; ')}`);
  }
  isSteady = false;
  t.equal(await upe.stop(), 0);
  t.ok(traced > 0, `${traced} deoptimisations were traced in all`);
  t.ok(quiet, `none on the packet’s way in ${STEADY_SECONDS} s`);
});
