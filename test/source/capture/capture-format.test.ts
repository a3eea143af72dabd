import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { CaptureFileError, EnvironmentError } from '../../../src/errors.js';
import { isSupportedLinkType } from '../../../src/protocol/link-type.js';
import { unsupportedLinkType } from '../../../src/source/capture/capture-format.js';
import { pcapFile } from '../../fixtures/capture-builder.js';
import { captureDirectory, playBytes, playFiles } from './play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const REFUSED = [
  {
    name: 'text',
    bytes: Buffer.from('hello, world'),
    reason: /not a capture file: it begins with 0x68656c6c/,
  },
  { name: 'zeros', bytes: new Uint8Array(64), reason: /begins with 0x00000000/ },
  { name: 'gzip', bytes: gzipSync(pcapFile([])), reason: /with gzip; .* zcat FILE \| upe replay -$/ },
  { name: 'zstd', bytes: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), reason: /with zstd; .* zstdcat FILE/ },
  { name: 'xz', bytes: Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), reason: /with xz; .* xzcat FILE/ },
  { name: 'bzip2', bytes: Buffer.from('BZh91AY'), reason: /with bzip2; .* bzcat FILE/ },
  { name: 'lz4', bytes: Uint8Array.of(4, 0x22, 0x4d, 0x18), reason: /with lz4; .* lz4cat FILE/ },
  { name: 'no byte', bytes: new Uint8Array(0), reason: /the file is empty/ },
  { name: 'three bytes', bytes: new Uint8Array(3), reason: /the file header is cut: 3 bytes of at least 4/ },
  { name: 'header cut', bytes: pcapFile([]).slice(0, 23), reason: /header is cut: 23 bytes of at least 24/ },
];

t.test('what is not a capture file is refused in words that help', async (t) => {
  for (const { name, bytes, reason } of REFUSED) {
    const { packets, reports, file } = playBytes(directory, bytes);
    const error = reports[0]?.error as CaptureFileError;
    t.equal(packets.length, 0, name);
    t.type(error, CaptureFileError, name);
    t.match(error.reason, reason, name);
    t.strictSame([error.file, error.byteOffset], [file, 0], name);
    t.equal(error.message, `${file}: byte 0: ${error.reason}`, name);
  }
});

t.test('what cannot be opened is reported in one line, with the way out', async (t) => {
  const folder = join(directory, 'folder');
  mkdirSync(folder);
  const good = playBytes(directory, pcapFile([])).file;
  const cases = [
    { file: join(directory, 'missing.pcap'), reason: /missing\.pcap: does not exist; check the path/ },
    { file: folder, reason: /folder: is a directory; name the capture files in it/ },
    { file: join(good, 'x.pcap'), reason: /x\.pcap: a part of the path is not a directory/ },
    { file: `${directory}/${'x'.repeat(300)}`, reason: /cannot be opened \(ENAMETOOLONG\)/ },
  ];
  for (const { file, reason } of cases) {
    const { packets, reports } = playFiles([file]);
    t.equal(packets.length, 0);
    t.type(reports[0]?.error, EnvironmentError);
    t.match(reports[0]?.error?.message, reason);
    t.notMatch(reports[0]?.error?.message, /\n/);
  }
});

const asRoot = process.getuid?.() === 0 ? 'root may read every file' : false;

t.test('a file without permission is reported in one line, with the way out', { skip: asRoot }, async (t) => {
  const { file } = playBytes(directory, pcapFile([]));
  chmodSync(file, 0);
  const { reports } = playFiles([file]);
  t.type(reports[0]?.error, EnvironmentError);
  t.match(
    reports[0]?.error?.message,
    /file\.pcap: may not be read by this user; change its mode or its owner$/,
  );
});

t.test('the words about supported link types name exactly those', async (t) => {
  const text = unsupportedLinkType(104).split('supported: ')[1]!;
  const named = (text.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
  const supported = Array.from({ length: 65_536 }, (_, i) => i).filter(isSupportedLinkType);
  t.strictSame(named, supported);
});
