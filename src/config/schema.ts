import { COMMAND_NAMES, type CommandName } from './commands.js';
import {
  account,
  autoOr,
  boolean,
  cpuList,
  type Format,
  filePath,
  folderPath,
  host,
  integer,
  interfaceList,
  interfacePair,
  multipleOf,
  oneOf,
  pace,
  powerOfTwo,
} from './formats.js';
import { POOL_BUFFERS_MAX } from './sizing.js';

/** What the entry of a setting says, whether or not it has a default. */
interface Entry<T> {
  readonly env: `UPE_${string}`;
  readonly format: Format<T>;
  /** One or more sentences; what is accepted and the default are added to it by help. */
  readonly doc: string;
  /** The commands that look at it. Any command accepts it; help shows it where it counts. */
  readonly usedBy: readonly CommandName[];
  /** Shorter flags for the same setting, without dashes. */
  readonly aliases?: readonly string[];
}

/** One setting: an environment variable and a flag with the same meaning. */
export interface Setting<T> extends Entry<T> {
  /** The flag without dashes, made from the variable: `UPE_RULES_FILE` is `rules-file`. */
  readonly flag: string;
  readonly aliases: readonly string[];
  /** The default as a user would write it; `null` when there is none. */
  readonly default: string | null;
  /** The default as help tells it. */
  readonly defaultText: string;
}

function withDefault<T>(entry: Entry<T> & { readonly default: string }): Setting<T> {
  return { aliases: [], ...entry, flag: flagOf(entry.env), defaultText: entry.default };
}

/** A setting that is `null` when it is not given; `unset` says in help what that means. */
function optional<T>(entry: Entry<T> & { readonly unset: string }): Setting<T | null> {
  const { unset, ...rest } = entry;
  return { aliases: [], ...rest, flag: flagOf(entry.env), default: null, defaultText: unset };
}

function flagOf(env: string): string {
  return env.slice('UPE_'.length).toLowerCase().replaceAll('_', '-');
}

const RUN: readonly CommandName[] = ['run', 'check'];
/** What becomes of frames that no rule judges is a matter of these. */
const FATES: readonly CommandName[] = ['run', 'check', 'explain'];
const ENGINE: readonly CommandName[] = ['run', 'replay', 'check'];
/** `import` translates a text, whatever is configured. */
const CONFIGURED: readonly CommandName[] = COMMAND_NAMES.filter((name) => name !== 'import');
/** Those that serve, or ask who serves. */
const SERVER: readonly CommandName[] = ['run', 'check', 'capture', 'top', 'healthcheck'];
const RULES: readonly CommandName[] = ['run', 'replay', 'check', 'explain', 'unused'];
/** What a buffer keeps of a frame is all that is judged. */
const FRAMES: readonly CommandName[] = ['run', 'replay', 'check', 'explain'];

/**
 * Every setting there is, in the order of help and of error messages. A new one is added here and
 * nowhere else: the flag, the help, the parsing, the type of `Config` and the check of unknown
 * variables follow. Its key is the variable's name in camel case.
 */
export const SETTINGS = {
  source: optional({
    env: 'UPE_SOURCE',
    format: oneOf(['demo', 'pcap', 'afpacket', 'raw-socket'], 'SOURCE'),
    unset: 'none, and run needs one',
    doc: 'Where packets come from: generated traffic (demo), a capture file (pcap), a live interface at the link layer (afpacket), or at the IP layer (raw-socket).',
    usedBy: RUN,
  }),
  interface: optional({
    env: 'UPE_INTERFACE',
    format: interfaceList,
    unset: 'none, and the afpacket source needs one or a bridge',
    doc: 'Interfaces that a live source reads, and to which rules may forward. With a bridge: further ones to forward to, which are not read.',
    usedBy: RUN,
  }),
  bridge: optional({
    env: 'UPE_BRIDGE',
    format: interfacePair,
    unset: 'none: UPE watches',
    doc: 'Stands between the two interfaces, both ways, and lets pass what the rules do not drop (afpacket). Stopping UPE stops the link: there is no bypass.',
    usedBy: FATES,
  }),
  nonIp: withDefault({
    env: 'UPE_NON_IP',
    format: oneOf(['forward', 'drop'], 'FATE'),
    default: 'forward',
    doc: 'Bridge: the fate of frames that hold no IP packet, such as ARP. To drop them stops most networks.',
    usedBy: FATES,
  }),
  malformed: withDefault({
    env: 'UPE_MALFORMED',
    format: oneOf(['forward', 'drop'], 'FATE'),
    default: 'drop',
    doc: 'Bridge: the fate of frames whose headers contradict themselves.',
    usedBy: FATES,
  }),
  promiscuous: withDefault({
    env: 'UPE_PROMISCUOUS',
    format: boolean,
    default: 'true',
    doc: 'Whether an interface is also read for what is not addressed to it, as a mirror port must be (afpacket).',
    usedBy: RUN,
  }),
  rxBlockBytes: withDefault({
    env: 'UPE_RX_BLOCK_BYTES',
    format: powerOfTwo({ min: 131_072, max: 67_108_864 }),
    default: '1048576',
    doc: "Bytes of one block of the kernel's receive ring (afpacket).",
    usedBy: RUN,
  }),
  rxBlocks: withDefault({
    env: 'UPE_RX_BLOCKS',
    format: integer({ min: 2, max: 8192 }),
    default: '32',
    doc: "Blocks of each interface's receive ring: together with their size, what a burst or a stalled worker may pile up.",
    usedBy: RUN,
  }),
  rxBlockTimeoutMs: withDefault({
    env: 'UPE_RX_BLOCK_TIMEOUT_MS',
    format: integer({ min: 1, max: 1000, unit: 'milliseconds' }),
    default: '100',
    doc: 'A block that is not full is handed over after this time, watching; a bridge gets each frame at once.',
    usedBy: RUN,
  }),
  rxWaitMs: withDefault({
    env: 'UPE_RX_WAIT_MS',
    format: integer({ min: 0, max: 10_000, unit: 'milliseconds' }),
    default: '200',
    doc: "How long frames stay in the kernel's receive ring while a worker's ring or the pool is full, before they are dropped (afpacket).",
    usedBy: RUN,
  }),
  cpuAffinity: optional({
    env: 'UPE_CPU_AFFINITY',
    format: cpuList,
    unset: 'none: the kernel places the threads',
    doc: 'Processors for the rx thread, the workers and the stats thread, in this order, in turn.',
    usedBy: RUN,
  }),
  user: optional({
    env: 'UPE_USER',
    format: account('USER'),
    unset: 'nobody, for a live source that is started as root',
    doc: 'User to become when interfaces and sockets are open; no capability is kept then.',
    usedBy: RUN,
  }),
  group: optional({
    env: 'UPE_GROUP',
    format: account('GROUP'),
    unset: "the user's own",
    doc: 'Group to become with it.',
    usedBy: RUN,
  }),
  pcapFile: optional({
    env: 'UPE_PCAP_FILE',
    format: filePath,
    unset: 'none, and the pcap source needs one',
    doc: 'Capture file of the pcap source.',
    usedBy: RUN,
  }),
  pcapLoop: withDefault({
    env: 'UPE_PCAP_LOOP',
    format: boolean,
    default: 'false',
    doc: 'Starts the capture file again at its end; without it, run keeps serving metrics after the end.',
    usedBy: RUN,
  }),
  pcapPace: withDefault({
    env: 'UPE_PCAP_PACE',
    format: pace({ min: 1, max: 100_000_000 }),
    default: 'realtime',
    doc: 'Speed of the pcap source: as recorded, as fast as possible, or steady.',
    usedBy: RUN,
  }),
  demoPps: withDefault({
    env: 'UPE_DEMO_PPS',
    format: integer({ min: 1, max: 10_000_000, unit: 'packets per second' }),
    default: '50000',
    doc: 'Rate of the demo traffic.',
    usedBy: RUN,
  }),
  rulesFile: optional({
    env: 'UPE_RULES_FILE',
    format: filePath,
    unset: 'the bundled example; for unused, the rules that instances have',
    doc: 'Rule file (YAML).',
    usedBy: RULES,
    aliases: ['rules'],
  }),
  rulesWatch: withDefault({
    env: 'UPE_RULES_WATCH',
    format: boolean,
    default: 'false',
    doc: 'Loads the rule file again when it changes, as SIGHUP does; follows the links of a mounted ConfigMap.',
    usedBy: RUN,
  }),
  ruleCapacity: withDefault({
    env: 'UPE_RULE_CAPACITY',
    format: integer({ min: 1, max: 1_048_576, unit: 'rules' }),
    default: '16384',
    doc: 'Live and retired rules that counters are sized for; a table that does not fit is refused.',
    usedBy: ENGINE,
  }),
  workers: withDefault({
    env: 'UPE_WORKERS',
    format: autoOr(integer({ min: 1, max: 64 })),
    default: 'auto',
    doc: 'Worker threads; auto: the available cores less one, 1 to 4; in a bridge one for each port at least, if there are two cores.',
    usedBy: ENGINE,
  }),
  poolBuffers: withDefault({
    env: 'UPE_POOL_BUFFERS',
    format: autoOr(integer({ min: 64, max: POOL_BUFFERS_MAX })),
    default: 'auto',
    doc: 'Packet buffers allocated at the start, at least as many as the rings, caches and bursts can hold; auto: half as many again.',
    usedBy: ENGINE,
  }),
  bufferBytes: withDefault({
    env: 'UPE_BUFFER_BYTES',
    format: multipleOf(64, { min: 128, max: 65_536 }),
    default: '2048',
    doc: 'Bytes per packet buffer; of a longer frame the beginning is kept.',
    usedBy: FRAMES,
  }),
  ringSlots: withDefault({
    env: 'UPE_RING_SLOTS',
    format: autoOr(powerOfTwo({ min: 64, max: 1_048_576 })),
    default: 'auto',
    doc: "Slots of each worker's ring; auto: 1024, and 8192 shared out among the workers where an interface is watched, or in a demo.",
    usedBy: ENGINE,
  }),
  statsIntervalMs: withDefault({
    env: 'UPE_STATS_INTERVAL_MS',
    format: integer({ min: 100, max: 60_000, unit: 'milliseconds' }),
    default: '1000',
    doc: 'Time between two aggregations of the counters; a scrape that finds the last one older than 100 ms starts one.',
    usedBy: RUN,
  }),
  topTalkers: withDefault({
    env: 'UPE_TOP_TALKERS',
    format: boolean,
    default: 'true',
    doc: 'Whether the heaviest flows, sources and destinations of each rule are learnt, from samples of the packets, for /api/v1/top and upe top.',
    usedBy: RUN,
  }),
  httpHost: withDefault({
    env: 'UPE_HTTP_HOST',
    format: host,
    default: '127.0.0.1',
    doc: 'Address at which /metrics is served.',
    usedBy: SERVER,
  }),
  httpPort: withDefault({
    env: 'UPE_HTTP_PORT',
    format: integer({ min: 0, max: 65_535 }),
    default: '9912',
    doc: 'TCP port at which /metrics is served; 0: any free port.',
    usedBy: SERVER,
  }),
  webConfigFile: optional({
    env: 'UPE_WEB_CONFIG_FILE',
    format: filePath,
    unset: 'none: neither TLS nor passwords',
    doc: "TLS, client certificates, passwords and headers of the HTTP server, in the format of the Prometheus exporters' web-config.yml; read again when it changes.",
    usedBy: SERVER,
  }),
  httpLifecycle: withDefault({
    env: 'UPE_HTTP_LIFECYCLE',
    format: boolean,
    default: 'false',
    doc: 'Whether POST /-/reload loads the rules again, as SIGHUP does, and packets may be captured. At an address that is not a loopback one it needs a web configuration that asks who comes; captures need one at any address.',
    usedBy: RUN,
  }),
  captureDir: optional({
    env: 'UPE_CAPTURE_DIR',
    format: folderPath,
    unset: 'none: captures go to their clients only',
    doc: 'Folder that captures may be written to, by the user that UPE changes to.',
    usedBy: RUN,
  }),
  idle: withDefault({
    env: 'UPE_IDLE',
    format: oneOf(['park', 'spin'], 'MODE'),
    default: 'park',
    doc: 'What a worker without packets does: sleep until it is woken (park), or keep looking at its ring (spin: lower latency, a whole core each).',
    usedBy: ENGINE,
  }),
  logLevel: withDefault({
    env: 'UPE_LOG_LEVEL',
    format: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'LEVEL'),
    default: 'info',
    doc: 'The least important messages that are still logged.',
    usedBy: CONFIGURED,
  }),
};

export type SettingName = keyof typeof SETTINGS;

/** Names of all settings, in the order of `SETTINGS`. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/**
 * The setting of that name, with its value's type left open: for code that treats all alike, where
 * `SETTINGS[name]` would be a union of all their types.
 */
export function settingOf(name: SettingName): Setting<unknown> {
  return SETTINGS[name];
}

/** What the flags of one command line give, as the texts that were given. */
export type FlagValues = { readonly [Name in SettingName]?: string };

/** The value of every setting, checked; `null` where nothing is given and there is no default. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer Value> ? Value : never;
};
