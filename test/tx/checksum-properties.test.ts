import fc from 'fast-check';
import t from 'tap';
import * as frames from '../fixtures/frames.js';
import { ethernet, ipv4, ipv6, sctp, tcp, udp } from '../fixtures/frames.js';
import { completed, hex, text } from './guarded-frame.js';
import { naivelyCompleted } from './naive-checksum.js';

const payload = fc.uint8Array({ maxLength: 80 });
const checksum = fc.nat(0xffff);
const transport = fc.oneof(
  fc.record({ payload, checksum, srcPort: fc.nat(0xffff) }).map((own) => tcp(own)),
  fc.record({ payload, checksum, srcPort: fc.nat(0xffff) }).map((own) => udp(own)),
  fc.record({ payload, checksum, verificationTag: fc.nat() }).map((own) => sctp(own)),
  payload,
);
const inIpv4 = fc
  .record({ transport, optionWords: fc.nat(10), last: fc.nat(255) })
  .map((own) =>
    ipv4({ dst: `10.9.8.${own.last}`, options: text(own.optionWords * 4), payload: own.transport }),
  );
const extension = fc.oneof(
  fc.nat(2).map((units) => frames.hopByHop(units)),
  fc.nat(2).map((units) => frames.destinationOptions(units)),
  fc.nat(2).map((units) => frames.routingHeader({ units })),
  fc.constant(frames.fragmentHeader()),
);
const inIpv6 = fc
  .record({ transport, extensions: fc.array(extension, { maxLength: 3 }), last: fc.nat(0xffff) })
  .map((own) =>
    ipv6({
      dst: `2001:db8::${own.last.toString(16)}`,
      extensions: own.extensions,
      payload: own.transport,
    }),
  );
const wholeFrame = fc
  .record({
    vlans: fc.array(fc.constantFrom({ id: 100 }, { id: 7, tpid: 0x88a8 }), { maxLength: 3 }),
    payload: fc.oneof(inIpv4, inIpv6),
    padding: fc.uint8Array({ maxLength: 8 }),
  })
  .map((own) => Uint8Array.of(...ethernet(own), ...own.padding));

t.test('property: frames are completed as a plain implementation does it', async () => {
  fc.assert(
    fc.property(wholeFrame, (frame) => hex(completed(frame)) === hex(naivelyCompleted(frame))),
    { numRuns: 1000 },
  );
});

t.test('property: so are frames that are cut anywhere', async () => {
  fc.assert(
    fc.property(wholeFrame, fc.nat(300), (whole, bytes) => {
      const frame = whole.slice(0, bytes);
      return hex(completed(frame)) === hex(naivelyCompleted(frame));
    }),
    { numRuns: 1000 },
  );
});

t.test(
  'property: whatever a frame says, nothing outside it is touched, and four bytes of it at most',
  async () => {
    const change = fc.record({ at: fc.nat(90), to: fc.nat(255) });
    fc.assert(
      fc.property(wholeFrame, fc.array(change, { maxLength: 6 }), fc.nat(300), (whole, changes, bytes) => {
        const frame = whole.slice(0, bytes);
        for (const { at, to } of changes) if (at < frame.length) frame[at] = to;
        const after = completed(frame);
        const changed = [...after.keys()].filter((at) => after[at] !== frame[at]);
        return changed.length === 0 || changed[changed.length - 1] - changed[0] < 4;
      }),
      { numRuns: 3000 },
    );
  },
);

t.test('property: bytes that are no frame at all are handled as such', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (frame) => {
      completed(frame);
      return true;
    }),
    { numRuns: 1000 },
  );
});
