import fc from 'fast-check';
import t from 'tap';
import {
  account,
  autoOr,
  boolean,
  cpuList,
  type Format,
  filePath,
  host,
  integer,
  interfaceList,
  interfacePair,
  joinWords,
  multipleOf,
  oneOf,
  pace,
  powerOfTwo,
} from '../../src/config/formats.js';

const percent = integer({ min: 1, max: 100 });
const slots = powerOfTwo({ min: 64, max: 1_048_576 });
const lines = multipleOf(64, { min: 128, max: 65_536 });
const rate = pace({ min: 1, max: 1000 });
const user = account('USER');

const ACCEPTED: readonly [string, Format<unknown>, string, unknown][] = [
  ['integer', percent, '1', 1],
  ['integer', percent, '100', 100],
  ['integer', percent, '007', 7],
  ['powerOfTwo', slots, '64', 64],
  ['powerOfTwo', slots, '1048576', 1_048_576],
  ['multipleOf', lines, '128', 128],
  ['multipleOf', lines, '192', 192],
  ['multipleOf', lines, '65536', 65_536],
  ['autoOr', autoOr(percent), 'auto', 'auto'],
  ['autoOr', autoOr(percent), '42', 42],
  ['boolean', boolean, 'true', true],
  ['boolean', boolean, '1', true],
  ['boolean', boolean, 'false', false],
  ['boolean', boolean, '0', false],
  ['oneOf', oneOf(['park', 'spin'], 'MODE'), 'spin', 'spin'],
  ['pace', rate, 'realtime', { kind: 'realtime' }],
  ['pace', rate, 'max', { kind: 'max' }],
  ['pace', rate, '1000', { kind: 'rate', packetsPerSecond: 1000 }],
  ['filePath', filePath, '-', '-'],
  ['filePath', filePath, 'a b/ü.pcap', 'a b/ü.pcap'],
  ['host', host, '0.0.0.0', '0.0.0.0'],
  ['host', host, '::', '::'],
  ['host', host, 'fe80::1%eth0', 'fe80::1%eth0'],
  ['host', host, 'localhost', 'localhost'],
  ['host', host, 'upe-0.upe.svc', 'upe-0.upe.svc'],
  ['host', host, '3com.example', '3com.example'],
  ['host', host, 'a'.repeat(63), 'a'.repeat(63)],
  ['interfaceList', interfaceList, 'eth0', ['eth0']],
  ['interfaceList', interfaceList, 'eth0,wlan0,lo', ['eth0', 'wlan0', 'lo']],
  ['interfaceList', interfaceList, 'eth0.100,br-lan,...', ['eth0.100', 'br-lan', '...']],
  ['interfaceList', interfaceList, 'a'.repeat(15), ['a'.repeat(15)]],
  ['interfacePair', interfacePair, 'eth0:eth1', ['eth0', 'eth1']],
  ['interfacePair', interfacePair, `${'a'.repeat(15)}:b`, ['a'.repeat(15), 'b']],
  ['cpuList', cpuList, '0', [0]],
  ['cpuList', cpuList, '0,2-3', [0, 2, 3]],
  ['cpuList', cpuList, '3,0,3', [3, 0, 3]],
  ['cpuList', cpuList, '5-5', [5]],
  ['cpuList', cpuList, '1022-1023', [1022, 1023]],
  ['account', user, 'nobody', 'nobody'],
  ['account', user, '65534', '65534'],
  ['account', user, '0', '0'],
  ['account', user, '_upe', '_upe'],
  ['account', user, 'systemd-network', 'systemd-network'],
  ['account', user, 'host.name$', 'host.name$'],
  ['account', user, 'a'.repeat(32), 'a'.repeat(32)],
];

const REFUSED: readonly [string, Format<unknown>, readonly string[]][] = [
  [
    'integer',
    percent,
    ['0', '101', '-1', '+1', '1.0', '1e1', '0x10', ' 1', '1 ', '1\n', '1_0', '٣', 'NaN', '4x'],
  ],
  ['integer', percent, ['9'.repeat(400)]],
  ['powerOfTwo', slots, ['0', '32', '63', '65', '96', '1048575', '2097152', '4294967296', '1024k']],
  ['multipleOf', lines, ['0', '64', '127', '129', '65535', '65600', '2048.0']],
  ['autoOr', autoOr(percent), ['Auto', 'auto ', 'automatic', '0']],
  ['boolean', boolean, ['TRUE', 'False', 'yes', 'no', 'on', 'off', '2', '00', 'true ']],
  ['oneOf', oneOf(['park', 'spin'], 'MODE'), ['Park', 'parks', 'park,spin', 'toString', '0']],
  ['pace', rate, ['Max', 'real-time', '0', '1001', '1x', '10pps', '-1']],
  ['filePath', filePath, ['a\0b']],
  [
    'host',
    host,
    ['256.0.0.1', '127.0.0', '127.1', '127.0.0.1:80', '[::1]', 'http://x', 'a_b', '-a', 'a-', 'a..b'],
  ],
  ['host', host, ['a.', '*', 'a b', ':::', 'a'.repeat(64), `${'a.'.repeat(126)}ab`]],
  [
    'interfaceList',
    interfaceList,
    [',', 'eth0,', ',eth0', 'eth0,,eth1', 'eth0, eth1', 'eth0 eth1', 'eth0\n'],
  ],
  ['interfaceList', interfaceList, ['.', '..', 'eth0,..', 'a/b', '/dev/eth0', 'eth0:1', 'a'.repeat(16)]],
  [
    'interfacePair',
    interfacePair,
    ['eth0', 'eth0:', ':eth1', ':', 'eth0:eth1:eth2', 'eth0,eth1', 'eth0-eth1'],
  ],
  [
    'interfacePair',
    interfacePair,
    ['eth0 :eth1', 'eth0: eth1', '.:eth1', 'eth0:..', `eth0:${'a'.repeat(16)}`],
  ],
  ['cpuList', cpuList, [',', '0,', ',0', '0,,1', '0, 1', '0 1', '-1', '1-', '-', '3-2', '0-1-2', '1024']],
  ['cpuList', cpuList, ['0-1024', '0x3', 'all', 'auto', '1.5', '+1', '1-2:2', '٣']],
  ['account', user, ['-u', '.u', '$', 'a b', 'root:root', 'a/b', 'ü', 'a$b', 'nobody ', 'a'.repeat(33)]],
];

t.test('a text that a format accepts becomes its value', (t) => {
  for (const [name, format, text, value] of ACCEPTED) {
    t.strictSame(format.parse(text), value, `${name} ${JSON.stringify(text)}`);
  }
  t.end();
});

t.test('a text that a format refuses becomes undefined, never an exception', (t) => {
  for (const [name, format, texts] of REFUSED) {
    for (const text of texts) {
      t.equal(format.parse(text), undefined, `${name} ${JSON.stringify(text.slice(0, 40))}`);
    }
  }
  t.end();
});

t.test('an integer format accepts exactly the decimal integers within its bounds', (t) => {
  const format = integer({ min: 100, max: 60_000 });
  fc.assert(
    fc.property(fc.integer({ min: -200_000, max: 200_000 }), (value) => {
      const expected = value >= 100 && value <= 60_000 ? value : undefined;
      return format.parse(String(value)) === expected;
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      const value = format.parse(text);
      return value === undefined || (/^0*[1-9][0-9]+$/.test(text) && value === Number.parseInt(text, 10));
    }),
  );
  t.end();
});

t.test('an expectation states the limits and the unit', (t) => {
  t.equal(percent.expectation, 'an integer from 1 to 100');
  t.equal(integer({ min: 1, max: 2, unit: 'rules' }).expectation, 'an integer from 1 to 2 (rules)');
  t.equal(slots.expectation, 'a power of two from 64 to 1048576');
  t.equal(lines.expectation, 'a multiple of 64 from 128 to 65536');
  t.equal(autoOr(percent).expectation, 'auto or an integer from 1 to 100');
  t.equal(rate.expectation, 'realtime, max, or an integer from 1 to 1000 (packets per second)');
  t.equal(oneOf(['a', 'b', 'c'], 'X').expectation, 'a, b or c');
  t.match(cpuList.expectation, 'from 0 to 1023');
  t.match(interfaceList.expectation, 'at most 15 characters');
  t.end();
});

t.test('words are joined as a sentence has them', (t) => {
  t.equal(joinWords([], 'or'), '');
  t.equal(joinWords(['a'], 'or'), 'a');
  t.equal(joinWords(['a', 'b'], 'and'), 'a and b');
  t.equal(joinWords(['a', 'b', 'c'], 'or'), 'a, b or c');
  t.end();
});
