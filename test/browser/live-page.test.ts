import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { pcapFile } from '../fixtures/capture-builder.js';
import { arp, ethernet, ipv4, tcp } from '../fixtures/frames.js';
import { browserMissing, startBrowser } from '../support/browser.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Scrape } from '../support/scrape.js';
import { eventually, startUpe } from '../support/upe-process.js';
import { openPage } from './open-page.js';

t.setTimeout(240_000);
const skip = browserMissing();

const RULES = 10_000;
const WIDE = { width: 1280, height: 900 };
/** Script and layout of one pass, milliseconds of processor time: less than what makes a page stutter. */
const PASS_MS_MAX = 50;
const TURNS = 40;

/** Nobody is asked for talkers here. */
const NO_TALKERS = {
  window: { since: '2026-01-01T00:00:00.000Z', seconds: 60 },
  sampled: { one_in: 1, samples: 0, lost: { samples: 0, packets: 0, bytes: 0 } },
  top: [],
};

const addressOf = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

/** Ten thousand rules, the first one with a text that a page must not take for its own. */
function ruleFile(): string {
  const lines = Array.from({ length: RULES }, (_, i) => {
    const description = i === 0 ? ', description: "<img src=x onerror=alert(1)>"' : '';
    return `  - { name: rule-${i}${description}, match: { src: ${addressOf(i)}, dst_port: 443 }, action: ${i % 3 === 0 ? 'drop' : 'count'} }`;
  });
  return `default_action: count\nrules:\n${lines.join('\n')}\n`;
}

/** Packets of the file that no rule counts. */
const UNMATCHED = 7;
const MALFORMED = 2;
const UNCLASSIFIED = 3;

/** Packets of the file for each rule: one, and as many more as make rule-7777 the one with most. */
function frames(): Uint8Array[] {
  const frame = (i: number) =>
    ethernet({ payload: ipv4({ src: addressOf(i), payload: tcp({ srcPort: 1024, dstPort: 443 }) }) });
  const all = Array.from({ length: RULES }, (_, i) => frame(i));
  for (let i = 0; i < 40; i++) all.push(frame(7777));
  for (let i = 0; i < 20; i++) all.push(frame(123));
  for (let i = 0; i < UNMATCHED; i++) all.push(frame(RULES + i));
  for (let i = 0; i < MALFORMED; i++) all.push(frame(0).subarray(0, 10));
  for (let i = 0; i < UNCLASSIFIED; i++) all.push(ethernet({ payload: arp() }));
  return all;
}

/** The rules on the screen, from the top, and what the page says of them. */
function shownRows(page: Page): Promise<{ rule: string; packets: number; place: number }[]> {
  return page.evaluate(`[...document.querySelectorAll('#rule-grid tbody tr:not(.spacer)')].filter((row) => !row.hidden).map((row) => ({
    rule: row.querySelector('.rule').textContent,
    packets: Number(row.querySelector('.packets').textContent.replaceAll(',', '')),
    place: Number(row.getAttribute('aria-rowindex')) - 2,
  }))`);
}

/** What the page says of packets that no rule counts: name, action, packets, rate, share. */
function noRuleRows(page: Page): Promise<string[][]> {
  return page.evaluate(
    "[...document.querySelectorAll('#no-rule tbody tr')].map((row) => [...row.cells].map(({ textContent }) => textContent))",
  );
}

const ruleCount = (page: Page) => page.locator('#rules-found').textContent();
const activeRule = (page: Page) =>
  page.evaluate(`(() => {
    const id = document.activeElement.getAttribute('aria-activedescendant');
    return id && document.getElementById(id).querySelector('.rule').textContent;
  })()`);

t.test('ten thousand rules on the live page', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const files = { rules: join(folder, 'rules.yaml'), capture: join(folder, 'all.pcap') };
  writeFileSync(files.rules, ruleFile());
  writeFileSync(files.capture, pcapFile(frames().map((frame) => ({ frame }))));
  const source = {
    UPE_SOURCE: 'pcap',
    UPE_PCAP_FILE: files.capture,
    UPE_RULES_FILE: files.rules,
    UPE_WORKERS: '1',
  };
  const browser = await startBrowser(t);

  await t.test('at rest', async (t) => {
    const upe = await startUpe(t, { ...source, UPE_PCAP_PACE: 'max' });
    const url = `http://127.0.0.1:${upe.port}/`;
    const metrics = async () => new Scrape(await (await fetch(`${url}metrics`)).text());
    await eventually('end of the file', async () => (await metrics()).value('upe_source_finished') === 1);
    const { page, complaints } = await openPage(browser, t, url, { viewport: WIDE });
    await page.route('**/api/v1/top?*', (route) => route.fulfill({ json: NO_TALKERS }));
    await eventually('rules', async () => (await ruleCount(page)) === '10,000 rules');

    await t.test('the numbers are those of /metrics', async (t) => {
      const scrape = await metrics();
      const figure = async (path: string) => {
        const text = await page.locator(`[data-figure="${path}"]`).first().textContent();
        return Number(text?.replaceAll(',', ''));
      };
      for (const [path, value] of [
        ['received.packets', scrape.sum('upe_rx_packets_total')],
        ['accounting.processed', scrape.sum('upe_worker_packets_total')],
        ['accounting.rules', scrape.sum('upe_rule_packets_total')],
        ['verdicts.drop.packets', scrape.value('upe_verdict_packets_total{verdict="drop"}')],
        ['verdicts.count.packets', scrape.value('upe_verdict_packets_total{verdict="count"}')],
        ['dropped.ring_full', scrape.sum('upe_rx_dropped_packets_total')],
        ['pool.free', scrape.value('upe_pool_free_buffers')],
        ['rules.total', scrape.value('upe_rules')],
      ] as const) {
        t.equal(await figure(path), value, path);
      }
      t.equal(scrape.sum('upe_rx_packets_total'), RULES + 60 + UNMATCHED + MALFORMED + UNCLASSIFIED);
      await page.getByRole('button', { name: 'packets' }).click();
      await eventually('order', async () => (await shownRows(page))[0].rule === 'rule-7777');
      const seen = new Set<number>();
      for (const top of [0, 100_000, 1_000_000]) {
        await page.evaluate(`document.querySelector('#rule-grid').scrollTop = ${top}`);
        await eventually(
          'rows',
          async () => (await shownRows(page))[0].place >= Math.min(top / 28, RULES) - 40,
        );
        for (const { rule, packets } of await shownRows(page)) {
          const labels = `rule="${rule}",action="${Number(rule.slice(5)) % 3 === 0 ? 'drop' : 'count'}"`;
          t.equal(packets, scrape.value(`upe_rule_packets_total{${labels}}`), rule);
          seen.add(Number(rule.slice(5)));
        }
      }
      t.ok(seen.size > 60, `${seen.size} rules compared`);
    });

    await t.test('the document has the rows in sight only, and says how many there are', async (t) => {
      const rows = await shownRows(page);
      t.ok(rows.length < 60, `${rows.length} rows`);
      t.ok((await page.evaluate<number>("document.querySelectorAll('*').length")) < 1200);
      t.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), String(RULES + 1));
      t.equal(rows.at(-1)?.place, RULES - 1, 'the last one is in sight');
    });

    await t.test('packets that no rule counts have rows of their own, as in /metrics', async (t) => {
      const scrape = await metrics();
      const share = (packets: number) =>
        `${((100 * packets) / scrape.sum('upe_worker_packets_total')).toFixed(2)} %`;
      const rows = [
        ['(no rule)', scrape.sum('upe_unmatched_packets_total')],
        ['(malformed)', scrape.sum('upe_malformed_packets_total')],
        ['(unclassified)', scrape.sum('upe_unclassified_packets_total')],
      ] as const;
      t.strictSame(
        rows.map(([, packets]) => packets),
        [UNMATCHED, MALFORMED, UNCLASSIFIED],
      );
      const expected = rows.map(([name, packets]) => [name, 'count', `${packets}`, '0/s', share(packets)]);
      t.strictSame(await noRuleRows(page), expected);
      await page.locator('#rule-search').fill('nobody');
      await page.getByRole('button', { name: 'rate' }).click();
      await eventually('nothing', async () => (await ruleCount(page)) === '0 of 10,000 rules');
      t.strictSame(await noRuleRows(page), expected, 'whatever is searched and sorted by');
      await page.locator('#rule-search').fill('');
      await page.getByRole('button', { name: 'packets' }).click();
    });

    await t.test('the search finds names and matches', async (t) => {
      await page.locator('h1').click();
      await page.keyboard.press('/');
      t.equal(await page.evaluate('document.activeElement.id'), 'rule-search');
      await page.keyboard.type('RULE-77');
      await eventually('found', async () => (await ruleCount(page)) === '111 of 10,000 rules');
      t.equal((await shownRows(page))[0].rule, 'rule-7777');
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type('10.0.0.5,');
      await eventually('by its match', async () => (await ruleCount(page)) === '1 of 10,000 rules');
      await page.locator('#rule-search').fill('nobody');
      await eventually('nothing', async () => (await ruleCount(page)) === '0 of 10,000 rules');
      await page.keyboard.press('Enter');
      t.equal(await page.evaluate('document.activeElement.id'), 'rule-search', 'nowhere to go');
      await page.locator('#rule-search').fill('');
    });

    await t.test('it is used with the keyboard alone', async (t) => {
      await page.getByRole('button', { name: '#' }).click();
      await page.getByRole('grid').focus();
      for (const [key, rule] of [
        ['ArrowDown', 'rule-0'],
        ['ArrowDown', 'rule-1'],
        ['ArrowUp', 'rule-0'],
        ['End', `rule-${RULES - 1}`],
        ['Home', 'rule-0'],
      ]) {
        await page.keyboard.press(key);
        await eventually(`${key}: ${rule}`, async () => (await activeRule(page)) === rule);
      }
      await page.keyboard.press('PageDown');
      await eventually('a page', async () => Number(String(await activeRule(page)).slice(5)) > 8);
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'rule-0' });
      await dialog.waitFor();
      t.match(page.url(), /#rule=rule-0$/);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      t.equal(await page.evaluate('document.activeElement.role'), 'grid', 'and back in the table');
      t.notMatch(page.url(), '#');
    });

    await t.test('the keyboard goes from the search to the first rule found, and opens it', async (t) => {
      const search = page.locator('#rule-search');
      for (const [key, text, rule] of [
        ['Enter', 'rule-77', 'rule-77'],
        ['ArrowDown', '10.0.0.5,', 'rule-5'],
      ]) {
        await page.locator('h1').click();
        await page.keyboard.press('/');
        await search.fill(text);
        await page.keyboard.press(key);
        await page.keyboard.press('Enter');
        await page.getByRole('dialog', { name: rule, exact: true }).waitFor();
        await page.keyboard.press('Escape');
        t.equal(await activeRule(page), rule, 'and back at its row');
      }
      await search.fill('');
    });
    t.strictSame(complaints, [], 'complaints');
  });

  await t.test('with all rules counting all the time', async (t) => {
    const upe = await startUpe(t, { ...source, UPE_PCAP_LOOP: 'true', UPE_PCAP_PACE: '25000' });
    const url = `http://127.0.0.1:${upe.port}/`;
    const options = { viewport: WIDE, reducedMotion: 'no-preference' } as const;
    const { page, complaints } = await openPage(browser, t, url, options);
    await eventually('rules', async () => (await ruleCount(page)) === '10,000 rules');
    await eventually('order', async () => (await shownRows(page))[0]?.rule === 'rule-7777');

    await t.test('a pass takes little of the browser, and so does a turn of the wheel', async (t) => {
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      /** Milliseconds of the page's thread for its script, its styles and its layout so far. */
      const busy = async () => {
        const { metrics } = await session.send('Performance.getMetrics');
        const own = metrics.filter(({ name }) => /^(Script|RecalcStyle|Layout)Duration$/.test(name));
        return own.reduce((sum, { value }) => sum + 1000 * value, 0);
      };
      await page.evaluate(`
        globalThis.passes = 0;
        new MutationObserver(() => passes++).observe(document.querySelector('[data-figure="received.packets"]'), { childList: true });
      `);
      const before = await busy();
      // Whoever looks often is a burden itself.
      await page.waitForTimeout(10_000);
      const perPass = ((await busy()) - before) / (await page.evaluate<number>('passes'));
      t.ok(perPass < PASS_MS_MAX, `${perPass.toFixed(1)} ms of script, style and layout a pass`);
      await page.locator('#rule-grid tbody tr:not(.spacer)').nth(3).hover();
      const atRest = await busy();
      const startMs = performance.now();
      for (let i = 0; i < TURNS; i++) {
        await page.mouse.wheel(0, 120);
        await page.waitForTimeout(50);
      }
      const passes = (performance.now() - startMs) / 1000;
      const perTurn = ((await busy()) - atRest - passes * perPass) / TURNS;
      t.comment(
        `${perPass.toFixed(1)} ms of script, style and layout a pass, ${perTurn.toFixed(1)} a turn of the wheel`,
      );
      t.ok(perTurn < PASS_MS_MAX, `${perTurn.toFixed(1)} ms a turn`);
      t.ok((await shownRows(page))[0].place > (TURNS * 120) / 28 - 40, 'the table has gone on');
      t.ok((await shownRows(page)).length < 60);
    });

    await t.test('rates and sparklines move, and rows do not while somebody is at them', async (t) => {
      await page.evaluate("document.querySelector('#rule-grid').scrollTop = 0");
      const line = () => page.locator('#rule-grid .sparkline path').first().getAttribute('d');
      const first = await line();
      await eventually('another line', async () => (await line()) !== first);
      t.match((await page.locator('#rule-grid td.rate').first().textContent()) ?? '', /\d\/s$/);
      await page.locator('#rule-grid tbody tr:not(.spacer)').nth(3).hover();
      const rules = async () => (await shownRows(page)).map(({ rule }) => rule).join();
      const order = await rules();
      await page.waitForTimeout(2500);
      t.equal(await rules(), order);
    });
    t.strictSame(complaints, [], 'complaints');
  });
});
