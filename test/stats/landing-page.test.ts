import t from 'tap';
import { FIRST_UNMATCHED_SLOT, unclassifiedSlot } from '../../src/counters/catalogue.js';
import type { EngineState } from '../../src/stats/engine-state.js';
import { landingPage } from '../../src/stats/landing-page.js';
import { EngineStandIn, MIRROR_SLOT, TELNET_SLOT } from './engine-stand-in.js';

function start(t: { teardown(clean: () => void): unknown }): EngineStandIn {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  return engine;
}

/** The texts of the cells of the row that begins with `first`. */
function rowOf(page: string, first: string): string[] {
  const row = page.split('</tr>').find((text) => text.includes(`<td>${first}</td>`));
  return [...(row ?? '').matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text);
}

t.test('rule texts are escaped', async (t) => {
  const page = landingPage(start(t).state);
  t.match(page, 'dscp: &#34;46&#34;, &#60;b&#62;&#38;\\\n&#39;x&#39;</td>');
  t.notMatch(page, /<b>&/);
});

t.test('every other text is escaped as well', async (t) => {
  const { state } = start(t);
  const page = landingPage({ ...state, version: '<1>', source: '"&' });
  t.match(page, 'packet engine &#60;1&#62;');
  t.match(page, '<code>&#34;&#38;</code>');
});

t.test('each rule has its action, counts and last match', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, MIRROR_SLOT, 1234);
  await engine.pass();
  const page = landingPage(engine.state);
  t.same(rowOf(page, 'mirror'), [
    'mirror',
    'forward',
    'every packet',
    '1,234',
    '123,400',
    '1970-01-01 00:00:01',
  ]);
  t.match(page, '<tr class="never"><td>block-telnet</td>');
  t.same(rowOf(page, 'block-telnet').slice(3), ['0', '0', 'never']);
});

t.test('unmatched packets have a row for the default action, and for others once they occur', async (t) => {
  const engine = start(t);
  t.same(rowOf(landingPage(engine.state), '(no rule)'), ['(no rule)', 'count', '', '0', '0', '']);
  engine.dataplane.pass(0, FIRST_UNMATCHED_SLOT + 1, 3);
  await engine.pass();
  const page = landingPage(engine.state);
  t.equal(page.split('(no rule)').length - 1, 2);
  t.match(page, '<td>(no rule)</td><td>drop</td>');
});

t.test('frames that reach no rule are listed by what they are, when there are any', async (t) => {
  const engine = start(t);
  t.notMatch(landingPage(engine.state), 'Frames that reach no rule');
  engine.dataplane.pass(1, unclassifiedSlot('mpls'), 2);
  await engine.pass();
  const page = landingPage(engine.state);
  t.same(rowOf(page, 'unclassified: mpls'), ['unclassified: mpls', '2', '200']);
  t.notMatch(page, 'unclassified: arp');
});

t.test('while everything adds up the page says so, with the totals', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, TELNET_SLOT, 5);
  engine.dataplane.rx.enqueue(0, 0, 60);
  engine.dataplane.rx.drop(1, 'ring_full', 60);
  await engine.pass();
  const page = landingPage(engine.state);
  t.match(page, 'Every packet is accounted for.</b> Checked in 1 passes, 0 violations.');
  t.match(page, '<tr><td>7</td><td>1</td><td>5</td><td>1</td></tr>');
});

t.test('violations are shown, each in its own words', async (t) => {
  const engine = start(t);
  engine.dataplane.workers[1].process(TELNET_SLOT, 100, 1000);
  await engine.pass();
  const page = landingPage(engine.state);
  t.match(page, 'The accounting identity does not hold.</b><ul><li>worker 1: processed 1 of 0 enqueued</li>');
  t.match(page, 'Checked in 1 passes, 1 violations.');
  t.notMatch(page, 'Every packet is accounted for');
});

t.test('source, mode, generation and a failed reload are named', async (t) => {
  const { state } = start(t);
  t.match(landingPage(state), '<code>afpacket</code>,\nmode <code>watch</code>, 2 rules, generation 3.');
  const failed: EngineState = {
    ...state,
    isSourceFinished: true,
    reload: { ...state.reload, successful: false },
  };
  const page = landingPage(failed);
  t.match(page, '<code>afpacket</code> (finished),');
  t.match(page, 'the last reload failed');
});

t.test('the endpoints are linked, and nothing is loaded from elsewhere', async (t) => {
  const page = landingPage(start(t).state);
  for (const path of ['/metrics', '/-/healthy', '/-/ready']) t.match(page, `<a href="${path}">`);
  t.notMatch(page, /https?:|<script/);
});
