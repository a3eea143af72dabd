/**
 * What the two sides of a conversation say to each other, without the headers. The payloads are only as
 * real as a protocol analyser needs to recognise them.
 */
import { field16, field32, join } from './frame-builder.js';
import type { Prng } from './prng.js';

export interface Message {
  readonly fromClient: boolean;
  readonly payload: Uint8Array;
}

export type Dialogue = (random: Prng) => readonly Message[];

function fromClient(payload: Uint8Array): Message {
  return { fromClient: true, payload };
}

function fromServer(payload: Uint8Array): Message {
  return { fromClient: false, payload };
}

function text(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(''));
}

/** A record of application data (RFC 8446 section 5.1); random bytes look like encrypted ones. */
function tlsRecord(random: Prng, byteCount: number): Uint8Array {
  return join([23, 3, 3], field16(byteCount), random.bytes(byteCount));
}

export function encryptedDownload(random: Prng): Message[] {
  return [
    fromClient(tlsRecord(random, random.between(150, 700))),
    fromServer(tlsRecord(random, random.between(3_000, 9_000))),
    fromClient(tlsRecord(random, random.between(60, 300))),
    fromServer(tlsRecord(random, random.between(200, 2_500))),
  ];
}

export function encryptedMail(random: Prng): Message[] {
  return [
    fromClient(tlsRecord(random, random.between(40, 120))),
    fromServer(tlsRecord(random, random.between(300, 4_000))),
    fromClient(tlsRecord(random, random.between(30, 60))),
    fromServer(tlsRecord(random, random.between(60, 200))),
  ];
}

/** QUIC: a long-header Initial of 1,200 bytes each way, then short headers (RFC 9000 sections 14.1, 17). */
export function quicDownload(random: Prng): Message[] {
  const initial = () => join([0xc3], field32(1), [8], random.bytes(8), [0], random.bytes(1_186));
  const short = (byteCount: number) => join([0x43], random.bytes(byteCount));
  const download = Array.from({ length: random.between(5, 9) }, () => fromServer(short(1_250)));
  return [
    fromClient(initial()),
    fromServer(initial()),
    fromClient(short(80)),
    ...download,
    fromClient(short(34)),
    fromServer(short(random.between(100, 1_200))),
    fromClient(short(34)),
  ];
}

export function webPage(random: Prng): Message[] {
  const bodyBytes = random.between(500, 6_000);
  const head = text('HTTP/1.1 200 OK', 'Content-Type: image/png', `Content-Length: ${bodyBytes}`, '');
  return [
    fromClient(
      text(`GET /${random.between(1, 9_999)}.png HTTP/1.1`, 'Host: www.example.com', 'Accept: */*', ''),
    ),
    fromServer(join(head, random.bytes(bodyBytes))),
  ];
}

/** A name as DNS writes it: length, label, ..., 0 (RFC 1035 section 3.1). */
function dnsName(name: string): Uint8Array {
  const labels = name.split('.').map((label) => join([label.length], new TextEncoder().encode(label)));
  return join(...labels, [0]);
}

const DNS_TYPE_A = 1;
const DNS_CLASS_IN = 1;
const DNS_POINTER_TO_QUESTION = 0xc00c;

export function dnsLookup(random: Prng): Message[] {
  const id = field16(random.between(0, 0xffff));
  const host = random.pick(['www', 'mail', 'api', 'cdn', 'static-assets', 'ns1']);
  const question = join(dnsName(`${host}.example.com`), field16(DNS_TYPE_A), field16(DNS_CLASS_IN));
  const answers = Array.from({ length: random.between(1, 8) }, () =>
    join(
      field16(DNS_POINTER_TO_QUESTION),
      field16(DNS_TYPE_A),
      field16(DNS_CLASS_IN),
      field32(300),
      field16(4),
      [203, 0, 113, random.between(1, 254)],
    ),
  );
  return [
    fromClient(join(id, [0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0], question)),
    fromServer(join(id, [0x81, 0x80, 0, 1, 0, answers.length, 0, 0, 0, 0], question, ...answers)),
  ];
}

/** DNS over TCP puts the length before each message (RFC 1035 section 4.2.2). */
export function dnsLookupOverTcp(random: Prng): Message[] {
  return dnsLookup(random).map(({ fromClient, payload }) => ({
    fromClient,
    payload: join(field16(payload.length), payload),
  }));
}

/** A service announces itself to everybody on the link, unasked (RFC 6762 section 8.3). */
export function mdnsAnnouncement(random: Prng): Message[] {
  const target = dnsName(`printer-${random.between(1, 99)}._ipp._tcp.local`);
  const pointer = [0, 12, 0, DNS_CLASS_IN, ...field32(4_500), ...field16(target.length)];
  return [
    fromClient(join([0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0], dnsName('_ipp._tcp.local'), pointer, target)),
  ];
}

/** One key at a time, each echoed, and now and then a screenful. */
export function keystrokes(random: Prng): Message[] {
  const key = () => random.bytes(random.between(1, 44));
  return [
    fromClient(key()),
    fromServer(key()),
    fromClient(key()),
    fromServer(key()),
    fromClient(key()),
    fromServer(random.bytes(random.between(200, 1_400))),
  ];
}

export function loginPrompt(random: Prng): Message[] {
  return [
    fromServer(text('login:')),
    fromClient(text(random.pick(['admin', 'root', 'guest']))),
    fromServer(text('Password:')),
    fromClient(text(`${random.between(1_000, 9_999)}`)),
    fromServer(text('Login incorrect')),
  ];
}

/** Version 4, mode, stratum and poll interval of a client's question and a server's answer (RFC 5905 section 7.3). */
export function clockQuery(random: Prng): Message[] {
  return [
    fromClient(join([0x23, 0, 6, 0xec], new Uint8Array(36), random.bytes(8))),
    fromServer(join([0x24, 2, 6, 0xec], random.bytes(44))),
  ];
}

export function mailDelivery(random: Prng): Message[] {
  const letter = Array.from(
    { length: random.between(5, 90) },
    () => 'The quick brown fox jumps over the lazy dog.',
  );
  return [
    fromServer(text('220 mail.example.com ESMTP')),
    fromClient(text('EHLO client.example.net')),
    fromServer(text('250-mail.example.com', '250 8BITMIME')),
    fromClient(text('MAIL FROM:<alice@example.net>')),
    fromServer(text('250 OK')),
    fromClient(text('RCPT TO:<bob@example.com>')),
    fromServer(text('250 OK')),
    fromClient(text('DATA')),
    fromServer(text('354 Go ahead')),
    fromClient(text('Subject: test', '', ...letter, '.')),
    fromServer(text('250 Queued')),
  ];
}

/** PostgreSQL's messages: a type letter, a length that includes itself, the content. */
export function databaseQuery(random: Prng): Message[] {
  const message = (type: string, content: Uint8Array) =>
    join([type.charCodeAt(0)], field32(4 + content.length), content);
  const query = new TextEncoder().encode(`SELECT * FROM orders WHERE id = ${random.between(1, 99_999)};\0`);
  return [fromClient(message('Q', query)), fromServer(message('D', random.bytes(random.between(60, 2_800))))];
}

export function phoneCall(random: Prng): Message[] {
  const fields = ['From: <sip:alice@example.net>', 'To: <sip:bob@example.com>', 'Content-Length: 0', ''];
  const callId = `Call-ID: ${random.between(1, 99_999)}@example.net`;
  const request = (method: string) =>
    fromClient(text(`${method} sip:bob@example.com SIP/2.0`, callId, `CSeq: 1 ${method}`, ...fields));
  const reply = (status: string) =>
    fromServer(text(`SIP/2.0 ${status}`, callId, 'CSeq: 1 INVITE', ...fields));
  return [
    request('INVITE'),
    reply('180 Ringing'),
    reply('200 OK'),
    request('ACK'),
    request('BYE'),
    reply('200 OK'),
  ];
}

/** Twenty milliseconds of G.711 sound a message, both ways (RFC 3550, RFC 3551). */
export function voice(random: Prng): Message[] {
  const streamId = random.bytes(4);
  return Array.from({ length: 8 }, (_, sequence) => ({
    fromClient: sequence % 2 === 0,
    payload: join(
      [0x80, 0],
      field16(sequence >>> 1),
      field32(160 * (sequence >>> 1)),
      streamId,
      random.bytes(160),
    ),
  }));
}

/** CoAP: a confirmable GET and the answer that its acknowledgment carries (RFC 7252 section 2.2). */
export function sensorReading(random: Prng): Message[] {
  return [
    fromClient(join([0x40, 1], field16(random.between(0, 0xffff)))),
    fromServer(join([0x60, 0x45], field16(1), [0xff], random.bytes(random.between(20, 60)))),
  ];
}

export function fileBlock(random: Prng): Message[] {
  return [fromClient(random.bytes(100)), fromServer(random.bytes(random.between(3_200, 8_000)))];
}
