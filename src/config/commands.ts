/** A flag that belongs to commands and has no variable. */
export interface CommandFlag {
  readonly flag: string;
  /** What its value is; `null`: it takes none. */
  readonly value: FlagValue | null;
  readonly doc: string;
}

export interface FlagValue {
  /** As the usage line shows it: `ADDRESS`. */
  readonly placeholder: string;
  /** As a message asks for it: `an address`. */
  readonly expectation: string;
}

export interface Command {
  /** Operands, as the usage line shows them; empty when the command takes none. */
  readonly operands: string;
  /** What the command does, in one sentence. */
  readonly doc: string;
  /** Flags that are no settings. Commands may share one, if it takes a value with all of them or with none. */
  readonly ownFlags: readonly CommandFlag[];
}

/** Of commands that ask an engine: where it is, and what lets in who asks. */
const ACCESS_FLAGS: readonly CommandFlag[] = [
  flagOf(
    'url',
    'URL',
    'the address of an engine, like https://upe.example:9912',
    'An engine that is not at the configured port of this machine.',
  ),
  flagOf('username', 'NAME', 'a user of the web configuration', 'Who asks.'),
  flagOf('password-file', 'FILE', 'a file with a password', 'A file with the password of that user.'),
  flagOf(
    'headers-file',
    'FILE',
    'a file of headers',
    'A file with a header in each line (Authorization: Bearer ...) to be sent along.',
  ),
  flagOf('ca-file', 'FILE', 'a PEM file', "The authority that has signed the engine's certificate."),
  flagOf('cert-file', 'FILE', 'a PEM file', "A client's certificate, where the engine wants one."),
  flagOf('key-file', 'FILE', 'a PEM file', 'Its key.'),
];

/** The commands, in the order of help. `help` itself is not among them: it has nothing to configure. */
export const COMMANDS = {
  run: {
    operands: '',
    doc: 'Runs the engine on a source and serves metrics until SIGTERM or SIGINT.',
    ownFlags: [],
  },
  replay: {
    operands: 'FILE...',
    doc: 'Pushes capture files (-: standard input) through the engine, losing nothing, and prints the totals by rule.',
    ownFlags: [
      flagOf(
        'against',
        'FILE',
        'a rule file',
        'Says what would change with these rules; 3 is returned if anything does.',
      ),
      { flag: 'json', value: null, doc: 'Prints one JSON object instead of a table.' },
    ],
  },
  check: {
    operands: '',
    doc: 'Validates the environment and the rules, and prints every error as file:line:column: message. Of valid rules, it finds those that can never match or can be left out; 3 is returned if there are any.',
    ownFlags: [
      {
        flag: 'overlaps',
        value: null,
        doc: 'Finds pairs of rules, too, that share packets and do different things with them.',
      },
      { flag: 'json', value: null, doc: 'Prints one JSON object.' },
    ],
  },
  explain: {
    operands: '[PROTOCOL SRC DST]',
    doc: 'Says what the rules do with a packet, and why: the verdict, and of each rule before it the first field that does not hold. The packet is described (tcp 10.0.0.1:51000 10.0.0.2:443, or flags), or given as bytes.',
    ownFlags: [
      flagOf('protocol', 'PROTOCOL', 'a protocol', 'Protocol of the packet, a name or a number.'),
      flagOf('src', 'ADDRESS', 'an address', 'Source address, IPv4 or IPv6.'),
      flagOf('dst', 'ADDRESS', 'an address', 'Destination address.'),
      flagOf('src-port', 'PORT', 'a port', 'Source port.'),
      flagOf('dst-port', 'PORT', 'a port', 'Destination port.'),
      flagOf('ip-version', '4|6', '4 or 6', 'IP version, where no address tells it.'),
      flagOf(
        'tcp-flags',
        'FLAGS',
        'TCP flags, like syn,ack',
        'TCP flags that are set, or none; the others are clear.',
      ),
      flagOf('icmp-type', 'TYPE', 'an ICMP type', 'Type of an ICMP or ICMPv6 message.'),
      flagOf('dscp', 'DSCP', 'a DSCP value', 'Differentiated services code point.'),
      flagOf('fragment', 'BOOLEAN', 'true or false', 'Whether it is a fragment.'),
      flagOf('vlan', 'ID', 'a VLAN id, or none', 'VLAN id of the outermost tag, or none.'),
      flagOf('in-interface', 'NAME', 'an interface', 'Interface that it came in by.'),
      flagOf(
        'hex',
        'BYTES',
        'hexadecimal digits, or - for standard input',
        'The frame in hexadecimal digits, also as tcpdump -xx prints them; -: from standard input.',
      ),
      flagOf(
        'link-type',
        'TYPE',
        'ethernet, ip or a number',
        'What the frame of --hex begins with: ethernet (as without it), ip, or a number as in capture files.',
      ),
      flagOf('file', 'FILE', 'a capture file', 'Takes the packet from a capture file (-: standard input).'),
      flagOf('number', 'N', 'a number from 1', 'Which packet of the file, from 1, the first without it.'),
      { flag: 'all', value: null, doc: 'Goes on after the match: what would match without it.' },
      { flag: 'each', value: null, doc: 'A line for each rule, however many there are.' },
      { flag: 'json', value: null, doc: 'Prints one JSON object.' },
    ],
  },
  capture: {
    operands: '',
    doc: 'Writes what a rule of the engine on the configured port sees as pcapng, until a limit is reached or Ctrl-C ends it. That engine needs UPE_HTTP_LIFECYCLE=true, and a UPE_WEB_CONFIG_FILE with users (basic_auth_users) or with client certificates.',
    ownFlags: [
      flagOf('rule', 'NAME', 'the name of a rule', 'Rule whose packets are captured.'),
      flagOf('packets', 'N', 'a number of packets', 'Packets at most; 10000 without it.'),
      flagOf('bytes', 'N', 'a number of bytes', 'Bytes of pcapng at most; 67108864 without it.'),
      flagOf('seconds', 'N', 'a number of seconds', 'Seconds at most; 60 without it.'),
      flagOf('snap-length', 'N', 'a number of bytes', 'Bytes that are kept of each frame; all without it.'),
      flagOf(
        'write',
        'FILE',
        'a file, or - for standard output',
        'Where they go; -, as without it: standard output.',
      ),
      ...ACCESS_FLAGS,
    ],
  },
  import: {
    operands: 'FIREWALL [FILE]',
    doc: 'Writes rules of nftables (nft -j list ruleset) or iptables (iptables-save), from standard input or a file, as a rule file on standard output, and tells on standard error what cannot be said in one.',
    ownFlags: [
      flagOf(
        'chain',
        'CHAIN',
        'a base chain, FAMILY/TABLE/CHAIN of nftables or TABLE/CHAIN of iptables',
        'Base chain to write: inet/filter/input of nftables, filter/INPUT of iptables. Not needed where only one has rules.',
      ),
      { flag: 'ipv6', value: null, doc: 'The rules of iptables are those of ip6tables-save.' },
    ],
  },
  unused: {
    operands: '',
    doc: 'Asks a Prometheus which rules have matched no packet for some days on any instance, and says how far its data reaches; 3 is returned if there are any. With a rule file, its rules are judged; without, those that instances have now.',
    ownFlags: [
      flagOf(
        'prometheus',
        'URL',
        'the address of a Prometheus, like http://localhost:9090',
        'Where the API of Prometheus, Thanos, Mimir or VictoriaMetrics is, without /api/v1.',
      ),
      flagOf('days', 'N', 'a number of days', 'How far to look back, in days; 90 without it.'),
      flagOf(
        'selector',
        'SELECTOR',
        'conditions like job="edge"',
        'Asks about some instances only, by labels: \'job="edge",site=~"eu-.*"\'.',
      ),
      flagOf(
        'headers-file',
        'FILE',
        'a file of headers',
        'A file with a header in each line (Authorization: Bearer ..., X-Scope-OrgID: ...) to be sent along.',
      ),
      { flag: 'json', value: null, doc: 'Prints one JSON object.' },
    ],
  },
  top: {
    operands: '',
    doc: 'Asks the engine on the configured port for the heaviest flows, sources or destinations of the last one to two minutes, with the bounds of each figure.',
    ownFlags: [
      flagOf(
        'rule',
        'NAME',
        'the name of a rule',
        'Packets of this rule only; without it, those of all rules.',
      ),
      { flag: 'unmatched', value: null, doc: 'Packets that no rule matches only.' },
      flagOf(
        'by',
        'KEY',
        'flow, source or destination',
        'What packets are told apart by: flow (as without it), source or destination.',
      ),
      flagOf('of', 'MEASURE', 'packets or bytes', 'What is most: packets (as without it) or bytes.'),
      flagOf('limit', 'N', 'a number from 1', 'How many to list, up to 100; 10 without it.'),
      ...ACCESS_FLAGS,
      { flag: 'json', value: null, doc: 'Prints one JSON object.' },
    ],
  },
  healthcheck: {
    operands: '',
    doc: 'Exits with 0 if the engine on the configured port is healthy; for containers.',
    ownFlags: [{ flag: 'ready', value: null, doc: 'Asks whether the engine is ready, instead of healthy.' }],
  },
} as const satisfies Record<string, Command>;

function flagOf(flag: string, placeholder: string, expectation: string, doc: string): CommandFlag {
  return { flag, value: { placeholder, expectation }, doc };
}

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** The flags of a command that are no settings. */
export function ownFlagsOf(name: CommandName): readonly CommandFlag[] {
  return COMMANDS[name].ownFlags;
}

/** Whose rules `upe import` reads. */
export const FIREWALLS = ['nftables', 'iptables'] as const;
export type Firewall = (typeof FIREWALLS)[number];

export function isFirewall(word: string): word is Firewall {
  return (FIREWALLS as readonly string[]).includes(word);
}
