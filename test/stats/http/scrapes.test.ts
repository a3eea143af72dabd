import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { HELD_BYTES_MAX, SCRAPES_MAX } from '../../../src/stats/http/limits.js';
import { acceptsGzip, Scrapes } from '../../../src/stats/http/scrapes.js';

/** The part of an answer that scrapes look at. */
class AnswerStandIn extends EventEmitter {
  closed = false;

  close(): void {
    this.closed = true;
    this.emit('close');
  }
}

/** Scrapes whose text says in which pass it was rendered. */
class ScrapesStandIn {
  pass = 1;
  rendered = 0;
  fails = false;
  private readonly scrapes: Scrapes;

  constructor(text: string) {
    this.scrapes = new Scrapes({
      refresh: async () => undefined,
      render: async (openMetrics) => {
        this.rendered++;
        if (this.fails) throw new Error('rendering failed');
        return { contentType: openMetrics ? 'open' : 'plain', body: Buffer.from(`${text}${this.pass}`) };
      },
      state: () => String(this.pass),
    });
  }

  ask(openMetrics = false, gzip = false) {
    const answer = new AnswerStandIn();
    const format = { openMetrics, gzip };
    return { answer, metrics: this.scrapes.answer(answer as unknown as ServerResponse, format) };
  }
}

function create(text = 'x'): ScrapesStandIn {
  return new ScrapesStandIn(text);
}

t.test('scrapes of one pass and format are the same bytes, rendered once', async (t) => {
  const standIn = create();
  const [a, b, open] = await Promise.all(
    [standIn.ask(), standIn.ask(), standIn.ask(true)].map(({ metrics }) => metrics),
  );
  t.equal(a?.body, b?.body);
  t.equal(a?.body.toString(), 'x1');
  t.equal(open?.contentType, 'open');
  t.equal(standIn.rendered, 2);
  standIn.pass++;
  t.equal((await standIn.ask().metrics)?.body.toString(), 'x2');
  t.equal(standIn.rendered, 3);
});

t.test('as many as there are places, and one more when one has left', async (t) => {
  const standIn = create();
  const asked = Array.from({ length: SCRAPES_MAX }, () => standIn.ask());
  t.equal(await standIn.ask().metrics, null);
  asked[7].answer.close();
  t.not(await standIn.ask().metrics, null);
  t.equal(await standIn.ask().metrics, null);
  for (const { answer } of asked) answer.close();
  t.not(await standIn.ask().metrics, null);
});

t.test('what slow readers hold is bounded in bytes', async (t) => {
  const standIn = create('x'.repeat(HELD_BYTES_MAX / 4));
  const slow: AnswerStandIn[] = [];
  for (; standIn.pass <= 4; standIn.pass++) {
    const { answer, metrics } = standIn.ask();
    t.not(await metrics, null, `rendering ${standIn.pass}`);
    slow.push(answer);
  }
  t.equal(await standIn.ask().metrics, null);
  slow[0].close();
  t.not(await standIn.ask().metrics, null, 'one is gone');
});

t.test('renderings that nobody reads any more are not held', async (t) => {
  const standIn = create('x'.repeat(HELD_BYTES_MAX / 4));
  for (; standIn.pass <= 20; standIn.pass++) {
    const { answer, metrics } = standIn.ask();
    t.not(await metrics, null, `rendering ${standIn.pass}`);
    answer.close();
  }
});

t.test('a client that leaves before it is answered holds nothing', async (t) => {
  const standIn = create('x'.repeat(HELD_BYTES_MAX / 4));
  for (; standIn.pass <= 20; standIn.pass++) {
    const { answer, metrics } = standIn.ask();
    answer.close();
    t.not(await metrics, null, `rendering ${standIn.pass}`);
  }
});

t.test('a rendering that fails is not given to the next one', async (t) => {
  const standIn = create();
  standIn.fails = true;
  await t.rejects(standIn.ask().metrics, { message: 'rendering failed' });
  standIn.fails = false;
  t.equal((await standIn.ask().metrics)?.body.toString(), 'x1');
});

t.test('who takes gzip is given the same text, rendered and compressed once', async (t) => {
  const standIn = create('x'.repeat(1000));
  const [plain, a, b] = await Promise.all(
    [standIn.ask(), standIn.ask(false, true), standIn.ask(false, true)].map(({ metrics }) => metrics),
  );
  t.equal(a?.isZipped, true);
  t.equal(plain?.isZipped, false);
  t.equal(a?.body, b?.body);
  t.ok((a?.body.length ?? 0) < 100);
  t.same(gunzipSync(a?.body ?? Buffer.alloc(0)), plain?.body);
  t.equal(standIn.rendered, 1);
});

t.test('what an Accept-Encoding header says of gzip', async (t) => {
  for (const [header, takes] of [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['GZIP', true],
    ['deflate, gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip;q=0.000, *', false],
    ['*', true],
    ['*;q=0', false],
    ['identity', false],
    ['gzip;q=much', false],
    ['xgzip', false],
  ] as const) {
    t.equal(acceptsGzip(header), takes, String(header));
  }
});
