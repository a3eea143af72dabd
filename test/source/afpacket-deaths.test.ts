import koffi from 'koffi';
import t from 'tap';
import { createPositions } from '../../src/source/afpacket-positions.js';
import type * as sourceModule from '../../src/source/afpacket-source.js';
import { FrameBatch } from '../../src/source/frame-batch.js';
import { Random } from '../protocol/random.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Death, mortalCode } from '../worker/mortal-code.js';

t.setTimeout(120_000);

const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const PART_BYTES = 4096;
const PARTS = 4;
const FRAME_BYTES = 64;
const USER = 1;

const { AfPacketSource }: typeof sourceModule = await mortalCode(temporaryFolder(t))(
  'source/afpacket-source.js',
);

/** The kernel's side of a ring, as packet_mmap.rst describes it; each frame's length is its number. */
abstract class Kernel {
  readonly memory = new Int32Array(new SharedArrayBuffer(PART_BYTES * PARTS));
  sent = 0;
  protected head = 0;

  constructor(protected readonly random: Random) {}

  abstract readonly form: 'blocks' | 'slots';
  /** Hands over some frames; false when there is no room. */
  abstract hand(): boolean;

  mapping() {
    const shape = {
      form: this.form,
      blockBytes: PART_BYTES,
      blockCount: PARTS,
      slotBytes: PART_BYTES / 4,
      blockTimeoutMs: 1,
    };
    return { shape, address: koffi.address(this.memory), bytes: PART_BYTES * PARTS };
  }
}

class BlockKernel extends Kernel {
  readonly form = 'blocks';
  private number = 1;

  constructor(random: Random) {
    super(random);
    this.memory[24 >> 2] = this.number;
  }

  hand(): boolean {
    const at = (this.head * PART_BYTES) >> 2;
    if (this.memory[at + 2] !== 0) return false;
    // An empty block now and then.
    const count = this.random.below(45);
    for (let i = 0; i < count; i++) {
      const frame = at + 16 + (i * FRAME_BYTES) / 4;
      this.memory[frame] = FRAME_BYTES;
      this.memory[frame + 3] = 14;
      this.memory[frame + 4] = this.sent++;
      this.memory[frame + 6] = 48;
    }
    this.memory[at + 3] = count;
    this.memory[at + 4] = 64;
    this.memory[at + 5] = 64 + count * FRAME_BYTES;
    this.memory[at + 6] = this.number;
    this.memory[at + 2] = USER;
    this.head = (this.head + 1) % PARTS;
    this.number++;
    const next = (this.head * PART_BYTES) >> 2;
    if (this.memory[next + 2] === 0) this.memory[next + 6] = this.number;
    return true;
  }
}

class SlotKernel extends Kernel {
  readonly form = 'slots';

  hand(): boolean {
    const at = (this.head * PART_BYTES) / 4 / 4;
    if (this.memory[at] !== 0) return false;
    this.memory[at + 1] = this.sent++;
    this.memory[at + 2] = 14;
    this.memory[at + 3] = 48;
    this.memory[at + 7] = 0;
    this.memory[at] = USER;
    this.head = (this.head + 1) % (4 * PARTS);
    return true;
  }
}

/** Reads until `until` frames have been dealt with, or a death before the given statement. Returns whether. */
function readUntil(
  kernels: readonly Kernel[],
  positions: SharedArrayBuffer,
  dealt: number[][],
  statement: number,
) {
  let statements = 0;
  globalThis.beforeStatement = () => {
    if (++statements === statement) throw new Death();
  };
  const ports = kernels.map((kernel, i) => ({ name: `${i}`, fd: -1, ring: kernel.mapping(), linkType: 1 }));
  try {
    const source = new AfPacketSource(
      { ports, wakeFd: -1, positions, patienceMs: 0 },
      { onLinkLost: () => undefined },
    );
    const batch = new FrameBatch();
    source.open();
    source.resume(dealt.reduce((sum, own) => sum + own.length, 0));
    for (let idle = 0; idle < 12; ) {
      const frames = source.read(batch);
      idle = frames === 0 ? idle + 1 : 0;
      for (let i = 0; i < frames; i++) {
        globalThis.beforeStatement();
        dealt[batch.interfaceIndex[i]].push(batch.wireBytes[i]);
      }
      for (const kernel of kernels) if (kernel.sent < 400) kernel.hand();
    }
    return false;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    return true;
  } finally {
    globalThis.beforeStatement = () => undefined;
  }
}

for (const Form of [BlockKernel, SlotKernel]) {
  t.test(`a reader of ${Form.name} rings may die anywhere, and its successor reads on`, async (t) => {
    const random = new Random(SEED);
    let deaths = 0;
    for (let round = 0; round < 300; round++) {
      const kernels = [new Form(random), new Form(random)];
      const positions = createPositions(kernels.length);
      const dealt: number[][] = [[], []];
      for (;;) {
        if (!readUntil(kernels, positions, dealt, 1 + random.below(400))) break;
        deaths++;
        // Meanwhile the kernel goes on as far as there is room: over what was given back as well.
        for (const kernel of kernels) for (let n = random.below(20); n > 0 && kernel.hand(); n--);
        if (deaths % 50 === 0) break;
      }
      readUntil(kernels, positions, dealt, -1);
      kernels.forEach((kernel, i) => {
        const wrong = dealt[i].findIndex((frame, position) => frame !== position);
        if (wrong >= 0 || dealt[i].length !== kernel.sent) {
          t.fail(`round ${round}: ring ${i} at ${wrong}, ${dealt[i].length} of ${kernel.sent}`);
        }
      });
      if (!t.passing()) break;
    }
    t.ok(deaths > 300, `${deaths} deaths`);
    t.comment(`TEST_SEED=${SEED}: ${deaths} deaths`);
  });
}
