import { createSocket } from 'node:dgram';
import t from 'tap';
import { InterfaceQuery } from '../../src/kernel/interfaces.js';
import { PacketSocket } from '../../src/kernel/packet-socket.js';
import { openRing } from '../../src/kernel/receive-ring.js';
import { eventually } from '../support/upe-process.js';

const skip = process.getuid?.() !== 0 && 'packet sockets need root';

/** A port that nobody else here sends to, and where a frame over `lo` has it. */
const PORT = 48_713;
const DST_PORT_OFFSET = 36;

for (const form of ['blocks', 'slots'] as const) {
  t.test(
    `in a ring of ${form} Ethernet frames begin at a word, so that they are copied by words`,
    {
      skip,
    },
    async (t) => {
      const query = new InterfaceQuery();
      const socket = PacketSocket.open();
      const sender = createSocket('udp4');
      t.teardown(() => {
        sender.close();
        socket.close();
        query.close();
      });
      const ring = openRing(
        socket.mapRing({ form, blockBytes: 65_536, blockCount: 4, slotBytes: 2048, blockTimeoutMs: 10 }),
      );
      t.equal(socket.bind(query.find('lo')!.index), 0, 'bound to lo');
      // Three lengths, because each frame of a block begins behind the one before.
      for (const bytes of [1, 22, 101]) sender.send(new Uint8Array(bytes), PORT, '127.0.0.1');
      const offsets: number[] = [];
      await eventually('frames over lo', () => {
        while (ring.next()) {
          const { byteOffset, capturedBytes } = ring.frame;
          const isOurs =
            capturedBytes > DST_PORT_OFFSET && ring.view.getUint16(byteOffset + DST_PORT_OFFSET) === PORT;
          if (isOurs) offsets.push(byteOffset % 4);
        }
        ring.release();
        // lo shows each frame twice, out and in.
        return offsets.length >= 6;
      });
      t.same(offsets, [0, 0, 0, 0, 0, 0]);
    },
  );
}
