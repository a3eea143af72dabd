import t from 'tap';
import { ANSWER_MS_MAX } from '../../src/stats/http/limits.js';
import { EventStream } from '../support/event-stream.js';
import { eventually, startUpe } from '../support/upe-process.js';

t.setTimeout(90_000);

t.test('a stream of events outlives the time in which an answer must be with its client', async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '100', UPE_WORKERS: '1' });
  const stream = await EventStream.open(t, `http://127.0.0.1:${upe.port}`);
  const first = await stream.next('pass');
  const endMs = performance.now() + ANSWER_MS_MAX + 2000;
  let last = first;
  while (performance.now() < endMs) last = await stream.next('pass');
  t.equal(stream.isOver, false);
  t.ok(last.at_ms - first.at_ms >= ANSWER_MS_MAX, `${last.at_ms - first.at_ms} ms of events`);
  t.ok(last.received.packets > first.received.packets);
  const stopMs = performance.now();
  await upe.stop();
  t.ok(performance.now() - stopMs < 5000, 'and a stop does not wait for who listens');
  await eventually('end', () => stream.isOver || undefined);
});
