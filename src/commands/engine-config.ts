import { availableParallelism } from 'node:os';
import { mustAuthenticate } from '../config/http-problems.js';
import type { Config } from '../config/schema.js';
import { resolveSizes } from '../config/sizing.js';
import type { EngineConfig } from '../engine/engine.js';
import { InvariantError } from '../errors.js';
import { BUNDLED_RULES_FILE, VERSION } from '../package-files.js';
import type { AfPacketSpec, SourceSpec } from '../source/source-spec.js';
import { OPEN_TO_ALL, type WebConfig } from '../stats/http/web-config.js';
import type { HttpSettings } from '../stats/http-server.js';

/** The demo traffic is the same at every start. */
const DEMO_SEED = 1;

/** The part of the engine's configuration that follows from the settings alone. */
export function engineSizes(config: Config) {
  return {
    version: VERSION,
    ...resolveSizes(config, availableParallelism()),
    bufferBytes: config.bufferBytes,
    ruleCapacity: config.ruleCapacity,
    idle: config.idle,
    nonIp: config.nonIp,
    malformed: config.malformed,
    affinity: config.cpuAffinity,
    logLevel: config.logLevel,
  } satisfies Partial<EngineConfig>;
}

/** How the HTTP server is set up. */
export function httpSettingsOf(config: Config): HttpSettings {
  return {
    host: config.httpHost,
    port: config.httpPort,
    webConfigFile: config.webConfigFile,
    lifecycle: config.httpLifecycle,
    captureDir: config.captureDir,
    mustAuthenticate: mustAuthenticate(config),
  };
}

/** The web configuration that is configured. Throws an UpeError when it cannot be used. */
export async function webConfigOf(config: Config): Promise<WebConfig> {
  const { webConfigFile } = config;
  if (webConfigFile === null) return OPEN_TO_ALL;
  // With the modules for TLS, which most engines do without.
  const { loadWebConfig } = await import('../stats/http/load-web-config.js');
  return loadWebConfig(webConfigFile, mustAuthenticate(config));
}

/** The rule file to use: the one that is configured, or the bundled example. */
export function rulesFileOf(config: Config): string {
  return config.rulesFile ?? BUNDLED_RULES_FILE;
}

/** The source that the settings describe. */
export function sourceSpecOf(config: Config, source: NonNullable<Config['source']>): SourceSpec {
  switch (source) {
    case 'demo':
      return { kind: source, packetsPerSecond: config.demoPps, seed: DEMO_SEED };
    case 'pcap': {
      const { pcapFile, pcapPace, pcapLoop } = config;
      if (pcapFile === null) throw new InvariantError('settings with the source pcap name no file');
      return { kind: source, files: [pcapFile], pace: pcapPace, loop: pcapLoop };
    }
    case 'afpacket':
      return afPacketSpec(config);
    case 'raw-socket':
      return { kind: source, interfaces: config.interface ?? [] };
  }
}

function afPacketSpec(config: Config): AfPacketSpec {
  const { bridge } = config;
  const listed = config.interface ?? [];
  return {
    kind: 'afpacket',
    interfaces: bridge ?? listed,
    outInterfaces: bridge === null ? [] : listed,
    isBridge: bridge !== null,
    isPromiscuous: config.promiscuous,
    ring: {
      blockBytes: config.rxBlockBytes,
      blockCount: config.rxBlocks,
      blockTimeoutMs: config.rxBlockTimeoutMs,
    },
    patienceMs: config.rxWaitMs,
  };
}
