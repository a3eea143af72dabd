import t from 'tap';
import { FIRST_UNMATCHED_SLOT, unclassifiedSlot } from '../../../src/counters/catalogue.js';
import type { EngineState } from '../../../src/stats/engine-state.js';
import { landingPage } from '../../../src/stats/landing/page.js';
import { EngineStandIn, MIRROR_SLOT, OLD_SLOT, TELNET_SLOT } from '../engine-stand-in.js';

const LINKS = ['/metrics', '/-/healthy'];

function start(t: { teardown(clean: () => void): unknown }): EngineStandIn {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  return engine;
}

function pageOf(state: EngineState, notReadyBecause: string | null = null): string {
  return landingPage(state, { notReadyBecause, intervalMs: 1000, links: LINKS });
}

/** What is to be read in a piece of HTML, on one line. */
function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The part of the page under a heading, to be read; empty when there is no such heading. */
function section(page: string, heading: string): string {
  const found = page.split('<section').find((text) => text.includes(`>${heading}</h2>`));
  return textOf(`<section${found?.split('</section>')[0] ?? '>'}`);
}

/** The texts of the cells of the first row that begins with `first`. */
function rowOf(page: string, first: string): string[] {
  const row = page.split('</tr>').find((text) => text.includes(`<th scope="row">${first}</th>`)) ?? '';
  return [...row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map(([, cell]) => textOf(cell));
}

t.test('rule texts are escaped, as content and as attributes', async (t) => {
  const page = pageOf(start(t).state);
  const escaped = 'dscp: &#34;46&#34;, &#60;b&#62;&#38;\\\n&#39;x&#39;';
  t.match(page, `<span title="${escaped}">${escaped}</span>`);
  t.notMatch(page, /<b>&/);
});

t.test('every other text is escaped as well', async (t) => {
  const engine = start(t);
  const text = '</style><script>"&';
  engine.series.notice = {
    ...engine.series.notice,
    sha256: text,
    live: engine.series.notice.live.map((rule) => ({ ...rule, rule: text, outInterface: text })),
  };
  await engine.pass();
  const state: EngineState = {
    ...engine.state,
    version: text,
    source: text,
    reload: { ...engine.state.reload, successful: false, failure: { atMs: 0, problems: [text] } },
  };
  const page = landingPage(state, { notReadyBecause: text, intervalMs: 1000, links: [text] });
  t.notMatch(page, '</style><script>"&');
  t.equal(page.split('&#60;/style&#62;').length - 1, 12, 'all of them are there');
  t.notMatch(page, /<script(?![^>]* src="\/page\/)/, 'no script but those that it loads');
});

t.test('each rule has its action, match, counts and last match, the busiest first', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, MIRROR_SLOT, 1234);
  engine.dataplane.pass(0, TELNET_SLOT, 411);
  await engine.pass();
  const page = pageOf(engine.state);
  const lastMatch = '19675 d 22 h ago';
  t.same(rowOf(page, 'mirror'), [
    'mirror',
    'forward to eth1',
    'every packet',
    '1,234',
    '–',
    '75.02 %',
    lastMatch,
  ]);
  t.same(rowOf(page, 'block-telnet').slice(3), ['411', '–', '24.98 %', lastMatch]);
  t.ok(page.indexOf('>mirror<') < page.indexOf('>block-telnet<'));
  t.match(page, '<time datetime="1970-01-01T00:00:01.000Z"');
});

t.test('a rule that has matched nothing says so', async (t) => {
  const engine = start(t);
  const page = pageOf(engine.state);
  t.match(page, '<tr class="faint"><th scope="row">block-telnet</th>');
  t.same(rowOf(page, 'block-telnet').slice(3), ['0', '–', '–', 'never']);
  t.match(section(page, 'Rules'), '2 rules, 2 never matched;');
});

t.test('rates are those between two passes', async (t) => {
  const engine = start(t);
  await engine.pass();
  engine.clock.ms += 2000;
  engine.dataplane.pass(0, MIRROR_SLOT, 3000);
  engine.dataplane.pass(1, TELNET_SLOT, 5);
  engine.dataplane.workers[0].send(2, 1000);
  await engine.pass();
  const page = pageOf(engine.state);
  t.equal(rowOf(page, 'mirror')[4], '1,500/s');
  t.equal(rowOf(page, 'block-telnet')[4], '2.5/s');
  t.match(section(page, 'Pipeline'), '3,005 received rate 1,503/s bits 1.2 Mbit/s');
  t.match(section(page, 'Pipeline'), 'Counted 0 0/s Would be dropped 5 2.5/s Forwarded 3,000 1,500/s Sent 1');
  t.same(rowOf(page, 'eth0').slice(2, 5), ['3,005', '1,503/s', '1.2 Mbit/s']);
  t.same(rowOf(page, 'eth2').slice(7), ['1', '0.5/s', '4.0 kbit/s', '0']);
});

t.test('the rows below the rules add up to what was processed', async (t) => {
  const engine = start(t);
  engine.fillTraffic();
  engine.dataplane.pass(0, FIRST_UNMATCHED_SLOT + 1, 3);
  await engine.pass();
  const page = pageOf(engine.state);
  t.same(rowOf(page, '(no longer in the table)').slice(3, 4), ['5']);
  t.same(rowOf(page, '(no rule)').slice(0, 4), ['(no rule)', 'count', '', '6']);
  t.equal(page.split('(no rule)').length - 1, 2, 'and one for the other default action');
  t.same(rowOf(page, '(malformed)').slice(0, 4), ['(malformed)', 'count', '', '1']);
  t.same(rowOf(page, '(unclassified)').slice(3, 4), ['7']);
  const table = page.split('id="rules-now"')[1].split('</table>')[0];
  const counts = [...table.matchAll(/<\/td><td class="wide">.*?<\/td><td class="number">([\d,]+)</gs)];
  const sum = counts.reduce((total, [, text]) => total + Number(text.replace(',', '')), 0);
  t.equal(sum, engine.aggregator.totals.processed);
});

t.test('frames that reach no rule are listed by what they are, when there are any', async (t) => {
  const engine = start(t);
  t.notMatch(pageOf(engine.state), 'Frames that reach no rule');
  engine.dataplane.pass(1, unclassifiedSlot('mpls'), 2);
  await engine.pass();
  const page = pageOf(engine.state);
  t.same(rowOf(page, 'unclassified: mpls'), ['unclassified: mpls', 'count', '2', '200', '100.00 %']);
  t.notMatch(page, 'unclassified: arp');
});

t.test('the accounting is three equations, each side counted for itself', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, TELNET_SLOT, 5);
  engine.dataplane.pass(0, OLD_SLOT, 2);
  engine.dataplane.rx.enqueue(0, 0, 60);
  engine.dataplane.rx.drop(1, 'ring_full', 60);
  await engine.pass();
  t.equal(
    section(pageOf(engine.state), 'Accounting'),
    'Accounting Every packet is accounted for. Checked in 1 pass, 0 violations. ' +
      '✓ 9 received = 8 enqueued + 1 dropped ' +
      '✓ 8 enqueued = 7 processed + 1 in flight ' +
      '✓ 7 processed = 7 rules + 0 unmatched + 0 malformed + 0 unclassified',
  );
});

t.test('before the first packet everything adds up, too', async (t) => {
  const engine = start(t);
  await engine.pass();
  const page = pageOf(engine.state);
  t.equal(page.split('aria-label="holds"').length - 1, 3);
  t.match(section(page, 'Pipeline'), '0 received rate – bits –');
  t.match(section(page, 'Pipeline'), 'Counted 0 – Would be dropped 0 –');
  t.match(section(page, 'Pipeline'), 'Nothing was lost.');
});

t.test('violations are shown, each in its own words, with a cross at the equation', async (t) => {
  const engine = start(t);
  engine.dataplane.workers[1].process(TELNET_SLOT, 100, 1000);
  engine.dataplane.rx.forget(1);
  await engine.pass();
  const accounting = section(pageOf(engine.state), 'Accounting');
  t.match(accounting, 'The accounting identity does not hold. Checked in 1 pass, 1 violation.');
  t.match(accounting, 'worker 1: processed or lost 1 of 0 enqueued');
  t.match(accounting, '✗ 1 received = 0 enqueued + 0 dropped');
  t.notMatch(accounting, 'Every packet is accounted for');
});

t.test('losses are listed by interface and reason, when there are any', async (t) => {
  const engine = start(t);
  await engine.pass();
  t.equal(section(pageOf(engine.state), 'Losses'), '');
  engine.fillTraffic();
  await engine.pass();
  const page = pageOf(engine.state);
  const losses = [
    ...page
      .split('id="losses-now"')[1]
      .split('</table>')[0]
      .matchAll(/<tr>.*?<\/tr>/gs),
  ]
    .map(([row]) => textOf(row.replaceAll(/<td class="prose">.*?<\/td>/g, '')))
    .slice(1);
  t.same(losses, [
    'eth0 31 missed',
    'eth0 41 dropped by the kernel',
    'eth0 21 kernel ring full',
    'eth0 1 pool_exhausted',
    'eth1 42 dropped by the kernel',
    'eth1 22 kernel ring full',
    'eth1 2 ring_full',
    'eth2 1 interface_down',
  ]);
  t.match(section(page, 'Pipeline'), '78 lost , for 5 reasons: see Losses');
  t.match(section(page, 'Pipeline'), 'kernel ring full 43 missed by the card 31');
  t.match(section(page, 'Pipeline'), 'ring full 2 pool exhausted 1');
  t.match(section(page, 'Pipeline'), 'failed to be sent 1');
});

t.test('the sum is of what is certainly lost, with its reason if there is one only', async (t) => {
  const engine = start(t);
  const { live } = engine.state;
  const losing: EngineState = {
    ...engine.state,
    live: live && { ...live, losses: () => ({ missed: 0, dropped: 7 }) },
  };
  await engine.pass();
  t.match(section(pageOf(losing), 'Pipeline'), 'Nothing was lost.');
  t.match(section(pageOf(losing), 'Losses'), 'eth0 7 dropped by the kernel at the interface; UPE may');
  engine.dataplane.rx.drop(0, 'ring_full', 60);
  engine.dataplane.rx.drop(1, 'ring_full', 60);
  await engine.pass();
  t.match(section(pageOf(losing), 'Pipeline'), '2 lost , ring_full');
});

t.test('the engine is described: source, mode, workers, uptime, state', async (t) => {
  const { state } = start(t);
  t.match(textOf(pageOf(state)), 'Source afpacket Mode watch Workers 2 Uptime 1 d 2 h State ready');
  const other = pageOf({ ...state, isSourceFinished: true, mode: 'bridge' }, 'The rx thread is not running.');
  t.match(
    textOf(other),
    'Source afpacket (finished) Mode bridge Workers 2 Uptime 1 d 2 h State not ready: The rx thread is not running.',
  );
  t.match(section(other, 'Pipeline'), 'Dropped by rules');
  t.match(section(pageOf(state), 'Pipeline'), 'Would be dropped');
});

t.test('demo traffic is called what it is, and has no link and nothing sent', async (t) => {
  const { state } = start(t);
  const page = pageOf({ ...state, source: 'demo', live: null });
  t.match(page, 'This is generated traffic.');
  t.notMatch(pageOf(state), 'This is generated traffic.');
  t.match(page, '<h2 id="interfaces">Source</h2>');
  t.match(page, 'id="interfaces-now" role="region" aria-label="Source"');
  t.equal(rowOf(page, 'eth0').length, 6);
  t.same(rowOf(pageOf(state), 'eth1').slice(0, 2), ['eth1', 'down']);
});

t.test('the rules have their generation, file and time', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, TELNET_SLOT);
  engine.dataplane.pass(0, MIRROR_SLOT);
  await engine.pass();
  t.match(
    section(pageOf(engine.state), 'Rules'),
    'Rules 2 rules, all of them matched; generation 3, sha256 aaaaaaaaaaaa , loaded 9 s ago .',
  );
});

t.test('a failed reload is shown with its reasons, the first five of them', async (t) => {
  const engine = start(t);
  await engine.pass();
  const problems = Array.from({ length: 8 }, (_, i) => `rules.yaml:${i + 1}:3: no such field`);
  problems[0] = 'x'.repeat(1000);
  const failure = { atMs: engine.clock.ms - 61_000, problems };
  const failed: EngineState = {
    ...engine.state,
    reload: { ...engine.state.reload, successful: false, failure },
  };
  const rules = section(pageOf(failed), 'Rules');
  t.match(rules, 'The last reload failed 1 min 1 s ago : the rules before it stay in use.');
  t.match(rules, `${'x'.repeat(300)}… rules.yaml:2:3: no such field`);
  t.match(rules, 'rules.yaml:5:3: no such field And 3 more; upe check says all.');
  t.notMatch(rules, 'rules.yaml:6');
  const mended: EngineState = { ...failed, reload: { ...failed.reload, successful: true } };
  t.notMatch(pageOf(mended), 'The last reload failed', 'the next one that succeeds takes it away');
});

t.test('the endpoints are linked, and nothing is loaded from elsewhere', async (t) => {
  const page = pageOf(start(t).state);
  for (const path of LINKS) t.match(page, `<a href="${path}">${path}</a>`);
  t.notMatch(page.replace('http://www.w3.org/2000/svg', ''), /https?:/);
  const loaded = [...page.matchAll(/ src="([^"]*)"|rel="stylesheet" href="([^"]*)"/g)].map(
    ([, a, b]) => a ?? b,
  );
  t.strictSame(loaded, ['/page/uplot.css', '/page/uplot.js', '/page/main.js']);
});
