import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Capture, CaptureRequest, CaptureSubject } from '../capture/capture.js';
import type { SinkEvents } from '../capture/capture-sink.js';
import type { CaptureRefusal, Captures } from '../capture/captures.js';
import { FileSink } from '../capture/file-sink.js';
import { StreamSink } from '../capture/stream-sink.js';
import {
  CAPTURE_LIMITS,
  type CaptureAnswer,
  type CaptureBody,
  type CapturesAnswer,
  PCAPNG_TYPE,
} from './captures-schema.js';
import { CAPTURES_PATH } from './gate.js';
import { type Problem, sendProblem } from './problem.js';

export interface CapturesEndpointConfig {
  /** The folder that files go to, or `null`. */
  readonly dir: string | null;
}

export interface CapturesEndpointDeps {
  readonly captures: Captures;
  /** Lets an answer take as long as it does. */
  readonly keepOpen: (response: ServerResponse) => void;
}

const NO_DIR: Problem = {
  status: 403,
  detail:
    'Captures go to files only where UPE is started with UPE_CAPTURE_DIR, a folder that it may write to; leave out "to" and "file" to have the packets as the answer.',
};

/** Begins, lists and ends captures. */
export class CapturesEndpoint {
  constructor(
    private readonly config: CapturesEndpointConfig,
    private readonly deps: CapturesEndpointDeps,
  ) {}

  list(): CapturesAnswer {
    return { captures: this.deps.captures.list().map(answerOf) };
  }

  /** @param number of a capture. */
  one(number: number): CaptureAnswer | Problem {
    const capture = this.deps.captures.find(number);
    return capture === null ? unknown(number) : answerOf(capture);
  }

  /** Ends one, and says what it has. */
  async end(number: number): Promise<CaptureAnswer | Problem> {
    const capture = this.deps.captures.find(number);
    if (capture === null) return unknown(number);
    await this.deps.captures.end(capture, 'asked');
    return answerOf(capture);
  }

  /** Begins one: the answer is its packets, or where they go to a file, what it is. */
  async begin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = request.body as CaptureBody;
    const { to = body.file === undefined ? 'stream' : 'file' } = body;
    if (to === 'stream' && body.file !== undefined) {
      return sendProblem(reply, { status: 400, detail: 'file: is only for captures to a file.' });
    }
    return to === 'file' ? this.toFile(request, reply, body) : this.toStream(request, reply, body);
  }

  private async toStream(request: FastifyRequest, reply: FastifyReply, body: CaptureBody) {
    const open = ({ number, rule }: CaptureSubject, events: SinkEvents) => {
      reply.hijack();
      const response = reply.raw;
      this.deps.keepOpen(response);
      response.writeHead(200, {
        'content-type': PCAPNG_TYPE,
        'content-location': `${CAPTURES_PATH}/${number}`,
        'content-disposition': `attachment; filename="${fileName(rule, number)}"`,
        connection: 'close',
      });
      return new StreamSink(response, events);
    };
    const begun = await this.deps.captures.begin(wanted(request, body), () => null, open);
    return 'kind' in begun ? sendProblem(reply, problemOf(begun, body.rule)) : reply;
  }

  private async toFile(request: FastifyRequest, reply: FastifyReply, body: CaptureBody) {
    const { dir } = this.config;
    if (dir === null) return sendProblem(reply, NO_DIR);
    const fileOf = (number: number) => body.file ?? fileName(body.rule, number);
    const open = ({ file }: CaptureSubject, events: SinkEvents) => FileSink.create(join(dir, file!), events);
    try {
      const begun = await this.deps.captures.begin(wanted(request, body), fileOf, open);
      if ('kind' in begun) return sendProblem(reply, problemOf(begun, body.rule));
      return reply
        .code(201)
        .header('location', `${CAPTURES_PATH}/${begun.subject.number}`)
        .send(answerOf(begun));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (code === 'EEXIST') {
        return sendProblem(reply, { status: 409, detail: `There is a file ${body.file ?? ''} already.` });
      }
      return sendProblem(reply, { status: 500, detail: `The file cannot be written: ${message}.` });
    }
  }
}

function wanted({ ip }: FastifyRequest, body: CaptureBody): CaptureRequest {
  return {
    rule: body.rule,
    client: ip,
    limits: {
      packets: body.packets ?? CAPTURE_LIMITS.packets.default,
      bytes: body.bytes ?? CAPTURE_LIMITS.bytes.default,
      seconds: body.seconds ?? CAPTURE_LIMITS.seconds.default,
      snapBytes: body.snap_length ?? CAPTURE_LIMITS.snap_length.default,
    },
  };
}

/** A number is given once by an engine, and the time tells one engine from the next. */
function fileName(rule: string, number: number): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `upe-${rule}-${time}-${number}.pcapng`;
}

function unknown(number: number): Problem {
  return { status: 404, detail: `No capture ${number} runs, or is among the last that have ended.` };
}

function problemOf(refusal: CaptureRefusal, rule: string): Problem {
  switch (refusal.kind) {
    case 'unknown_rule':
      return { status: 404, detail: `No rule in use has the name ${JSON.stringify(rule)}.` };
    case 'running':
      return { status: 409, detail: `The rule ${rule} is captured already: capture ${refusal.number}.` };
    case 'too_many':
      return { status: 503, detail: 'As many captures run as there can be: end one, or try again.' };
    case 'stopping':
      return { status: 503, detail: 'UPE is stopping.' };
  }
}

function answerOf(capture: Capture): CaptureAnswer {
  const { subject, end, endedMs } = capture;
  const { packets, bytes, seconds, snapBytes } = subject.limits;
  return {
    id: subject.number,
    rule: subject.rule,
    action: subject.entry.action,
    generation: subject.generation,
    state: capture.state,
    end,
    to: subject.file === null ? 'stream' : 'file',
    file: subject.file,
    began: new Date(subject.beganMs).toISOString(),
    ended: endedMs === null ? null : new Date(endedMs).toISOString(),
    packets: capture.packets,
    bytes: capture.bytes,
    dropped_ring_full: capture.missed,
    dropped_unwritten: capture.unwritten,
    limits: { packets, bytes, seconds, snap_length: snapBytes },
  };
}
