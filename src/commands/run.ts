import { accessSync, constants, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isLoopback } from '../config/http-problems.js';
import { loadConfig, requireSource } from '../config/load.js';
import type { Config, FlagValues } from '../config/schema.js';
import { poolBuffersMin, resolveRingSlots, type Sizes } from '../config/sizing.js';
import { Engine } from '../engine/engine.js';
import { RuleFileWatch } from '../engine/rule-file-watch.js';
import type { RestartPolicy } from '../engine/supervisor.js';
import { optimiseAsUsual } from '../engine/v8-flags.js';
import { EnvironmentError } from '../errors.js';
import { type Account, findAccount } from '../kernel/privileges.js';
import { createLogger, type Logger } from '../log.js';
import { MonotonicClock } from '../memory/clock.js';
import { endOutOfFiles, isOutOfFiles } from '../out-of-files.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { STANDARD_INPUT } from '../source/capture/capture-input.js';
import type { SourceSpec } from '../source/source-spec.js';
import { SERIES_PER_RULE } from '../stats/rule-families.js';
import { endProcess } from './end-process.js';
import { engineSizes, httpSettingsOf, rulesFileOf, sourceSpecOf, webConfigOf } from './engine-config.js';
import { RuleReloads } from './rule-reloads.js';

/**
 * A stop signal that comes again within this time is the same one, milliseconds: timeout(1) signals its
 * child and then the whole process group, and npm passes on the Ctrl-C that the terminal has sent to all.
 */
const REPEATED_SIGNAL_MS = 500;

/** A thread that dies for the sixth time within a minute will not be well the seventh time. */
const RESTARTS: RestartPolicy = { backoffMsMin: 10, backoffMsMax: 1000, deathsMax: 5, windowMs: 60_000 };

/**
 * `upe run`: runs the engine until SIGTERM or SIGINT; SIGHUP loads the rules again, and so does a change of their
 * file where it is watched. Ends the process.
 */
export async function run(flags: FlagValues): Promise<void> {
  const config = loadConfig(process.env, flags);
  const source = sourceOf(config);
  // Here already, because what is wrong with it is a mistake of the user's and no failure of the stats thread.
  const webConfig = await webConfigOf(config);
  const log = createLogger(config.logLevel, 'main');
  if (config.captureDir !== null) requireFolder(config.captureDir);
  const ruleSet = loadRuleFile(rulesFileOf(config));
  const { file } = ruleSet;
  const sizes = engineSizes(config);
  warnOfSmallRings(config, sizes, log);
  const files = new FileNotes(log);
  const engine = new Engine(
    {
      ...sizes,
      source,
      ruleSet,
      acceptForward: false,
      account: accountOf(config),
      restarts: RESTARTS,
      stats: {
        intervalMs: config.statsIntervalMs,
        http: httpSettingsOf(config),
        topTalkers: config.topTalkers,
      },
    },
    {
      clock: new MonotonicClock(),
      onFile: files.note,
      onFinished: () => log.info('the source has finished; serving its counters until SIGTERM'),
      onRestart: (thread, error, delayMs) =>
        log.error({ err: error, thread, delayMs }, `the ${thread} thread has died and is started again`),
      onDeath: (thread, error) => {
        log.fatal({ err: error, thread }, `the ${thread} thread has died`);
        process.exit(1);
      },
      onWarning: (message) => log.warn(message),
      onLink: (name, state) =>
        log[state === 'up' ? 'info' : 'warn']({ interface: name }, `interface ${state}`),
      onReloadWanted: () => reloads.request(),
    },
  );
  let isStarting = true;
  process.on('uncaughtException', (error) => {
    // A thread's failure comes as an event of its own, before the start has seen it.
    if (isStarting && isOutOfFiles(error)) endOutOfFiles();
    log.fatal({ err: error }, 'uncaught error');
    process.exit(1);
  });
  const reloads = new RuleReloads({ first: ruleSet }, { engine, log });
  const watch = new RuleFileWatch(
    { file },
    { readFile, sha256InUse: () => reloads.sha256InUse, onChange: () => void reloads.request() },
  );
  // Before the start, so that a signal that comes early does not meet the default handler, which kills.
  const end = () => {
    watch.stop();
    reloads.stop();
  };
  const stop = stopHandler(engine, end, log, () => files.damaged);
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Node.js would open its debugger's port.
  process.on('SIGUSR1', () => log.info('SIGUSR1 has no meaning here; SIGHUP loads the rules again'));
  process.on('SIGHUP', () => void reloads.request());
  try {
    const port = await engine.start();
    isStarting = false;
    optimiseAsUsual();
    if (engine.isStopping) return;
    const scheme = webConfig.tls === null ? 'http' : 'https';
    const host = config.httpHost.includes(':') ? `[${config.httpHost}]` : config.httpHost;
    const origin = `${scheme}://${host}:${port}`;
    const ruleCount = engine.series.notice.live.length;
    log.info(
      { source: source.kind, rules: ruleCount, series: SERIES_PER_RULE * ruleCount, file, pid: process.pid },
      `metrics at ${origin}/metrics, a page for people at ${origin}/`,
    );
    if (webConfig.users.size > 0 && webConfig.tls === null && !isLoopback(config.httpHost)) {
      log.warn('passwords cross the network in the clear: the web configuration has no tls_server_config');
    }
  } catch (error) {
    await engine.stop();
    throw error;
  }
  reloads.start();
  if (config.rulesWatch) watch.start();
}

function sourceOf(config: Config): SourceSpec {
  const spec = sourceSpecOf(config, requireSource(config));
  if (spec.kind === 'pcap') spec.files.forEach(requireReadable);
  return spec;
}

/** Whoever gives a pool may not know that the rings keep to it. */
function warnOfSmallRings(config: Config, { workerCount, ringSlots, poolBuffers }: Sizes, log: Logger): void {
  if (config.ringSlots !== 'auto') return;
  const roomy = resolveRingSlots({ ...config, poolBuffers: 'auto' }, workerCount);
  if (ringSlots === roomy) return;
  log.warn(
    `UPE_POOL_BUFFERS is ${poolBuffers}, and rings of ${roomy} slots need ${poolBuffersMin(workerCount, roomy)}: ` +
      `they have ${ringSlots}, and a shorter stall of a worker loses packets; give that many, or set UPE_RING_SLOTS`,
  );
}

/** Who to become: whoever is configured; root with a live source becomes nobody. */
function accountOf(config: Config): Account | null {
  if (config.user !== null) return findAccount(config.user, config.group);
  const isLive = config.source === 'afpacket' || config.source === 'raw-socket';
  return isLive && process.getuid?.() === 0 ? findAccount('nobody', null) : null;
}

/**
 * A capture file that is not there when the engine starts is a mistake of the user's, and no packet would
 * ever come. It is not opened for that: closing a named pipe again would take its writer's reader away.
 */
function requireReadable(file: string): void {
  if (file === STANDARD_INPUT) return;
  try {
    accessSync(file, constants.R_OK);
    if (!statSync(file).isDirectory()) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new EnvironmentError(`capture file ${file} ${reason}; set UPE_PCAP_FILE to one that can be read`);
  }
  throw new EnvironmentError(`capture file ${file} is a directory; set UPE_PCAP_FILE to a file in it`);
}

/** Whether it can be written to is seen when it is: UPE may be another user by then. */
function requireFolder(dir: string): void {
  const stats = statSync(dir, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return;
  const reason = stats === undefined ? 'does not exist' : 'is a file';
  throw new EnvironmentError(`UPE_CAPTURE_DIR: ${dir} ${reason}; set it to a folder`);
}

/** The first signal stops in order, a second one at once. */
function stopHandler(
  engine: Engine,
  /** Lets nothing new begin. */
  end: () => void,
  log: Logger,
  hasFailed: () => boolean,
): (signal: NodeJS.Signals) => void {
  let firstMs: number | null = null;
  let isOver = false;
  return (signal) => {
    if (isOver) return;
    const nowMs = performance.now();
    if (firstMs !== null && nowMs - firstMs < REPEATED_SIGNAL_MS) return;
    if (firstMs !== null) {
      log.warn({ signal }, 'a second signal: ending at once, packets in flight are lost');
      process.exit(1);
    }
    firstMs = nowMs;
    log.info({ signal }, 'stopping: the source first, then the workers when their rings are empty');
    end();
    void engine.stop().then((summary) => {
      if (summary.holds) log.info(summary, 'stopped: every packet is accounted for');
      else log.error(summary, 'stopped: the accounting identity does not hold');
      isOver = true;
      // These were the last words: that a reload has been given up is no news now, and a defect of UPE still is.
      if (log.level !== 'silent') log.level = 'fatal';
      endProcess(engine, summary.holds && !hasFailed() ? 0 : 1);
    });
  };
}

/** A file that is played again and again is told of this often, milliseconds. */
const FILE_NOTE_MS = 10_000;

/** Tells of capture files that have been read: the first time, and then now and again. */
class FileNotes {
  /** True when one of them was not readable to its end. */
  damaged = false;
  private toldMs = Number.NEGATIVE_INFINITY;
  private readSinceTold = 0;

  constructor(private readonly log: Logger) {}

  readonly note = (report: { file: string; packets: number; error: string | null }): void => {
    const isNews = report.error !== null && !this.damaged;
    if (report.error !== null) this.damaged = true;
    this.readSinceTold++;
    if (!isNews && performance.now() - this.toldMs < FILE_NOTE_MS) return;
    const fields = { ...report, times: this.readSinceTold };
    if (report.error === null) this.log.info(fields, 'capture file read');
    else this.log.error(fields, 'capture file damaged');
    this.toldMs = performance.now();
    this.readSinceTold = 0;
  };
}
