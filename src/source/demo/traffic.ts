import { makeFlow } from './flow.js';
import type { Prng } from './prng.js';
import type { Service } from './services.js';

/** A packet's flow is drawn from this many slots: the high 16 bits of a random number choose one. */
const DRAW_SLOTS = 65_536;

/** Frames begin at multiples of this, so that they can be copied word by word. */
const ALIGNMENT_BYTES = 4;

interface WeightedFlow {
  readonly weight: number;
  readonly frames: readonly Uint8Array[];
}

/**
 * All frames of the demo traffic, built once, and the order in which they are played.
 *
 * A flow is a ring of steps, a step names a frame. Each draw picks a flow by its weight and takes that
 * flow's next step: every flow's packets come in their order while the flows mix.
 */
export class Traffic {
  /** All frames behind one another. */
  readonly bytes: Uint8Array;
  /** Where each frame begins in `bytes`, a multiple of four. */
  readonly byteOffset: Int32Array;
  /** Length of each frame. */
  readonly byteLength: Int32Array;

  /** A flow holds as many slots as its weight asks for. */
  private readonly flowOfSlot: Uint16Array;
  /** The step that each flow plays next. */
  private readonly stepOfFlow: Int32Array;
  private readonly followingStep: Int32Array;
  private readonly frameOfStep: Int32Array;

  /**
   * Builds the frames, which takes about a fifth of a second.
   *
   * @param services at least one; fewer than 65,536 flows in all.
   * @param random decides all that is left open, from addresses to the order of play; kept.
   */
  constructor(
    services: readonly Service[],
    private readonly random: Prng,
  ) {
    const flows = composeFlows(services, random);
    // A set, because a conversation may play the same frame many times.
    const frames = [...new Set(flows.flatMap((flow) => flow.frames))];
    const indexOfFrame = new Map(frames.map((frame, index) => [frame, index]));

    this.byteLength = Int32Array.from(frames, (frame) => frame.length);
    this.byteOffset = new Int32Array(frames.length);
    let endBytes = 0;
    for (const [index, frame] of frames.entries()) {
      this.byteOffset[index] = endBytes;
      endBytes += Math.ceil(frame.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    }
    this.bytes = new Uint8Array(endBytes);
    for (const [index, frame] of frames.entries()) this.bytes.set(frame, this.byteOffset[index]);

    this.frameOfStep = Int32Array.from(flows.flatMap((flow) => flow.frames.map((f) => indexOfFrame.get(f)!)));
    this.followingStep = Int32Array.from(this.frameOfStep, (_, step) => step + 1);
    this.stepOfFlow = new Int32Array(flows.length);
    let step = 0;
    for (const [index, flow] of flows.entries()) {
      this.stepOfFlow[index] = step;
      step += flow.frames.length;
      this.followingStep[step - 1] = this.stepOfFlow[index];
    }
    this.flowOfSlot = slotsByWeight(flows.map((flow) => flow.weight));
  }

  /** Draws the next packet; the result is an index into `byteOffset` and `byteLength`. */
  nextFrame(): number {
    const flow = this.flowOfSlot[this.random.nextInt32() >>> 16];
    const step = this.stepOfFlow[flow];
    this.stepOfFlow[flow] = this.followingStep[step];
    return this.frameOfStep[step];
  }
}

function composeFlows(services: readonly Service[], random: Prng): WeightedFlow[] {
  const flows: WeightedFlow[] = [];
  for (const { weight, flowCount, ipVersions, conversation } of services) {
    // The n-th flow gets 1/n as much as the first: a heavy tail, as real traffic has it.
    const shares = Array.from({ length: flowCount }, (_, index) => 1 / (index + 1));
    const sharesSum = shares.reduce((sum, share) => sum + share, 0);
    for (const [index, share] of shares.entries()) {
      const flow = makeFlow(flows.length, ipVersions[index % ipVersions.length], random);
      flows.push({ weight: (weight * share) / sharesSum, frames: conversation(flow, random) });
    }
  }
  return flows;
}

/** Divides the slots among the flows; whatever weighs at least one slot gets one. */
function slotsByWeight(weights: readonly number[]): Uint16Array {
  const weightsSum = weights.reduce((sum, weight) => sum + weight, 0);
  const slots = new Uint16Array(DRAW_SLOTS);
  let weightSoFar = 0;
  for (const [flow, weight] of weights.entries()) {
    const firstSlot = Math.round((weightSoFar / weightsSum) * DRAW_SLOTS);
    weightSoFar += weight;
    slots.fill(flow, firstSlot, Math.round((weightSoFar / weightsSum) * DRAW_SLOTS));
  }
  return slots;
}
