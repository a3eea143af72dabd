import t from 'tap';
import { parseCommonFrame } from '../../src/protocol/fast-path.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { PARSED, Packet } from '../../src/protocol/packet.js';
import { parseAnyFrame } from '../../src/protocol/parser.js';
import { bendFrame } from './mutate-frame.js';
import { Random } from './random.js';
import { readingOf, sameReading } from './reading.js';
import { sampleFrames } from './sample-frames.js';

const BENT_FRAMES = 300_000;

t.test('what the fast path accepts it reads as the parser without it does', async (t) => {
  const seed = Number(process.env.PARSER_SEED ?? Random.newSeed());
  t.comment(`seed ${seed}: run again with PARSER_SEED=${seed}`);
  const random = new Random(seed);
  const samples = sampleFrames().filter(({ linkType }) => linkType === LINK_ETHERNET);
  const fast = new Packet();
  const plain = new Packet();
  let accepted = 0;
  for (let i = 0; i < BENT_FRAMES; i++) {
    const { bytes, wireBytes, linkType } = bendFrame(random, samples);
    if (linkType !== LINK_ETHERNET) continue;
    const view = new DataView(bytes.slice().buffer);
    const onWireBytes = Math.max(wireBytes, bytes.length);
    if (!parseCommonFrame(view, 0, bytes.length, onWireBytes, fast)) continue;
    accepted++;
    const status = parseAnyFrame(view, 0, bytes.length, onWireBytes, linkType, plain);
    if (status === PARSED && sameReading(readingOf(PARSED, fast), readingOf(status, plain))) continue;
    t.strictSame(readingOf(PARSED, fast), readingOf(status, plain), Buffer.from(bytes).toString('hex'));
    return;
  }
  t.ok(accepted > BENT_FRAMES / 100, `it accepted ${accepted} of ${BENT_FRAMES}`);
});
