const COMMANDS_ARE =
  'the commands are run, replay, check, explain, capture, import, unused, top, healthcheck and help';
const NEEDS_PROMETHEUS =
  'unused needs --prometheus URL: the address of a Prometheus, like http://localhost:9090.';
const WORKERS_ARE = 'auto or an integer from 1 to 64';
const NOT_A_FLAG = 'is not a flag of UPE; the nearest name is';
const LISTS = 'and "upe help" lists them all.';

/** Arguments with spaces between them, and every sentence that they are refused with. */
export const BAD_COMMAND_LINES: readonly [string, readonly string[]][] = [
  ['', [`No command is given; ${COMMANDS_ARE}.`]],
  ['--workers 2', [`No command is given; ${COMMANDS_ARE}.`]],
  ['rum', [`"rum" is not a command; the nearest name is run, and ${COMMANDS_ARE}.`]],
  ['replya a.pcap', [`"replya" is not a command; the nearest name is replay, and ${COMMANDS_ARE}.`]],
  ['RUN', [`"RUN" is not a command; the nearest name is run, and ${COMMANDS_ARE}.`]],
  ['constructor', [`"constructor" is not a command; the nearest name is capture, and ${COMMANDS_ARE}.`]],
  ['help chek', [`"chek" is not a command; the nearest name is check, and ${COMMANDS_ARE}.`]],
  ['help run check', ['help takes the name of one command, but "check" follows; leave it out.']],
  ['run --worker 4', [`--worker ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --worker=4', [`--worker ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --rule x', ['--rule belongs to capture and top, not to run; leave it out.']],
  ['capture', ['capture needs --rule NAME: the rule whose packets are wanted.']],
  ['capture --rule', ['--rule needs a value: the name of a rule.']],
  ['capture --rule a b', ['capture takes no argument beside its flags, but "b" follows; leave it out.']],
  ['run --ruls x', [`--ruls ${NOT_A_FLAG} --rules, ${LISTS}`]],
  ['run --Workers 4', [`--Workers ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --no-pcap-loop', [`--no-pcap-loop ${NOT_A_FLAG} --pcap-loop, ${LISTS}`]],
  ['replay a -json', [`-json ${NOT_A_FLAG} --json, ${LISTS}`]],
  ['run --__proto__=1', [`--__proto__ ${NOT_A_FLAG} --group, ${LISTS}`]],
  ['run --workers', [`--workers needs a value: ${WORKERS_ARE}.`]],
  [
    'run --workers --idle spin',
    [
      `--workers needs a value (${WORKERS_ARE}), but --idle follows; if that is the value, write --workers=--idle.`,
    ],
  ],
  [
    'run --workers -1',
    [`--workers needs a value (${WORKERS_ARE}), but -1 follows; if that is the value, write --workers=-1.`],
  ],
  ['run --workers 1 --workers 1', ['--workers is given more than once; keep one of them.']],
  ['run --pcap-loop --pcap-loop=false', ['--pcap-loop is given more than once; keep one of them.']],
  ['check --rules a --rules-file b', ['--rules-file or --rules is given more than once; keep one of them.']],
  ['replay a --json --json --json', ['--json is given more than once; keep one of them.']],
  ['replay a --json=true', ['--json takes no value; leave out "=true".']],
  ['run --help=run', ['--help takes no value; leave out "=run".']],
  ['replay', ['replay needs a FILE: give one or more capture files, or - for standard input.']],
  ['replay --json', ['replay needs a FILE: give one or more capture files, or - for standard input.']],
  ['run --json', ['--json belongs to replay, check, explain, unused and top, not to run; leave it out.']],
  [
    'healthcheck --json',
    ['--json belongs to replay, check, explain, unused and top, not to healthcheck; leave it out.'],
  ],
  ['replay a --overlaps', ['--overlaps belongs to check, not to replay; leave it out.']],
  ['check --byte', [`--byte ${NOT_A_FLAG} --idle, ${LISTS}`]],
  ['capture --byte', [`--byte ${NOT_A_FLAG} --bytes, ${LISTS}`]],
  ['chek --byte', [`--byte ${NOT_A_FLAG} --bytes, ${LISTS}`]],
  ['check --overlap', [`--overlap ${NOT_A_FLAG} --overlaps, ${LISTS}`]],
  ['check --json=1', ['--json takes no value; leave out "=1".']],
  ['check --overlaps --overlaps', ['--overlaps is given more than once; keep one of them.']],
  ['replay a --ready', ['--ready belongs to healthcheck, not to replay; leave it out.']],
  ['run demo', ['run takes no argument beside its flags, but "demo" follows; leave it out.']],
  ['run -', ['run takes no argument beside its flags, but "-" follows; leave it out.']],
  ['run --pcap-loop false', ['run takes no argument beside its flags, but "false" follows; leave it out.']],
  ['run -- --idle', ['run takes no argument beside its flags, but "--idle" follows; leave it out.']],
  [
    'check r.yaml',
    [
      'check takes no argument beside its flags, but "r.yaml" follows; leave it out, or give a rule file as --rules FILE.',
    ],
  ],
  ['import', ['import needs to know whose rules it reads: nftables or iptables.']],
  ['import iptabels', ['import reads nftables or iptables, not "iptabels"; the nearest name is iptables.']],
  ['import nftables a b', ['import takes one file, but "b" follows; leave it out.']],
  [
    'import nftables --chain',
    ['--chain needs a value: a base chain, FAMILY/TABLE/CHAIN of nftables or TABLE/CHAIN of iptables.'],
  ],
  [
    'import nftables --ipv6',
    ['--ipv6 is for iptables; nftables says itself which rules are of IPv6, so leave it out.'],
  ],
  [
    'import iptables --json',
    ['--json belongs to replay, check, explain, unused and top, not to import; leave it out.'],
  ],
  ['check --chain a', ['--chain belongs to import, not to check; leave it out.']],
  ['unused', [NEEDS_PROMETHEUS]],
  ['unused --json --days 9', [NEEDS_PROMETHEUS]],
  [
    'unused http://localhost:9090',
    [
      NEEDS_PROMETHEUS,
      'unused takes no argument beside its flags, but "http://localhost:9090" follows; leave it out.',
    ],
  ],
  [
    'unused --prometheus',
    ['--prometheus needs a value: the address of a Prometheus, like http://localhost:9090.'],
  ],
  ['unused --prometheus http://a --days', ['--days needs a value: a number of days.']],
  [
    'unused --prometheus http://a --prometheus http://b',
    ['--prometheus is given more than once; keep one of them.'],
  ],
  ['top web', ['top takes no argument beside its flags, but "web" follows; leave it out.']],
  ['top --rule', ['--rule needs a value: the name of a rule.']],
  ['top --by', ['--by needs a value: flow, source or destination.']],
  ['top --limit=1 --limit=2', ['--limit is given more than once; keep one of them.']],
  ['run --unmatched', ['--unmatched belongs to top, not to run; leave it out.']],
  ['run --days 9', ['--days belongs to unused, not to run; leave it out.']],
  ['unused --prometheus http://a --against b', ['--against belongs to replay, not to unused; leave it out.']],
  ['unused --prometheus http://a --day 9', [`--day ${NOT_A_FLAG} --days, ${LISTS}`]],
  [
    'replay --ready',
    [
      '--ready belongs to healthcheck, not to replay; leave it out.',
      'replay needs a FILE: give one or more capture files, or - for standard input.',
    ],
  ],
  [
    'run --worker 4 --idle --rings=2 extra',
    [
      `--worker ${NOT_A_FLAG} --workers, ${LISTS}`,
      '--idle needs a value (park or spin), but --rings=2 follows; if that is the value, write --idle=--rings=2.',
    ],
  ],
];
