import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import t from 'tap';
import { ServerStandIn } from '../stats/server-stand-in.js';
import { browserMissing, startBrowser } from '../support/browser.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { eventually, startUpe } from '../support/upe-process.js';
import { findFaintTexts } from './contrast.js';
import { hiddenPixels, openPage } from './open-page.js';

t.setTimeout(120_000);
const skip = browserMissing();

/** Enough for every number to move, and little for a machine that runs a browser as well. */
const DEMO = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_WORKERS: '1' };

const NARROW = { width: 360, height: 740 };
/** `--faint` of the light style. */
const GREY = 'rgb(83, 91, 101)';
const WIDE = { width: 1280, height: 800 };

/** Packets received as the page has them. */
async function received(page: Page): Promise<number> {
  const text = await page.locator('#pipeline-now .lead .figure').first().textContent();
  return Number(text?.replaceAll(',', ''));
}

/** Rules whose match does not fit. */
function cutMatches(page: Page): Promise<string[]> {
  return page.evaluate(
    "[...document.querySelectorAll('#rule-grid td.match')].filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.parentElement.querySelector('.rule').textContent)",
  );
}

/** Pixels between the headings of the rules and the frame that they are in, with scroll bars that take room. */
async function bandGap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setScrollbarsHidden', { hidden: false });
  const gap = await page.evaluate<number>(`(() => {
    const frame = document.querySelector('#rule-grid');
    const { right } = frame.querySelector('thead').getBoundingClientRect();
    return frame.getBoundingClientRect().right - frame.clientLeft - right;
  })()`);
  await session.detach();
  return gap;
}

async function receivesMore(page: Page): Promise<void> {
  const before = await received(page);
  await eventually('larger number', async () => (await received(page)) > before);
}

t.test('the landing page in a browser', { skip }, async (t) => {
  const upe = await startUpe(t, DEMO);
  const url = `http://127.0.0.1:${upe.port}/`;
  const browser = await startBrowser(t);
  const folder = temporaryFolder(t);

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of [NARROW, WIDE]) {
      await t.test(`${colorScheme}, ${viewport.width} pixels wide`, async (t) => {
        const { page, complaints } = await openPage(browser, t, url, { colorScheme, viewport });
        await page.evaluate('globalThis.isTheSamePage = true');
        await receivesMore(page);
        t.equal(await page.evaluate('globalThis.isTheSamePage'), true, 'in place, without loading it again');
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), viewport.width);
        const dropRule = page.locator('#rule-grid tbody tr', { hasText: 'block-telnet' });
        // The page's script has taken over, and has its rules, when this can be seen.
        await t.resolves(dropRule.getByText('drop', { exact: true }).waitFor(), 'a rule that drops says so');
        const { texts, faint } = await findFaintTexts(page);
        t.ok(texts > 100, `${texts} texts`);
        t.strictSame(faint, [], 'contrast');
        if (viewport === WIDE) t.strictSame(await cutMatches(page), ['inside'], 'matches that are cut off');
        t.equal(await bandGap(page), 0, 'the headings go to the edge of the table');
        const screenshot = await page.screenshot({ fullPage: true });
        writeFileSync(join(folder, `${colorScheme}-${viewport.width}.png`), screenshot);
        const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
        t.equal(background, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 27)');
        t.strictSame(complaints, [], 'complaints');
      });
    }
  }

  await t.test('it works without scripts, by loading itself again', async (t) => {
    const { page, complaints } = await openPage(browser, t, url, { javaScriptEnabled: false });
    t.match(await page.locator('#accounting-now').textContent(), 'Every packet is accounted for.');
    await receivesMore(page);
    t.strictSame(complaints, [], 'complaints');
  });

  await t.test('the focus and the place in a table stay where they are', async (t) => {
    const { page } = await openPage(browser, t, url, { viewport: NARROW });
    const table = page.locator('#interfaces-now');
    await table.focus();
    await page.keyboard.press('ArrowRight');
    const scrolled = () => page.evaluate<number>("document.querySelector('#interfaces-now').scrollLeft");
    const place = await eventually('scrolled table', async () => (await scrolled()) || undefined);
    await receivesMore(page);
    t.equal(await page.evaluate('document.activeElement.id'), 'interfaces-now');
    t.ok((await scrolled()) >= place);
  });

  await t.test('nothing moves below a text that is selected', async (t) => {
    const { page } = await openPage(browser, t, url);
    // In one step: the page renews its figures at any time, and what was found may be gone when it is to be selected.
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#pipeline-now .figure'))");
    const selected = await page.evaluate<string>('String(getSelection())');
    await page.waitForTimeout(3000);
    t.equal(await page.evaluate('String(getSelection())'), selected);
    await page.evaluate('getSelection().removeAllRanges()');
    await receivesMore(page);
  });

  await t.test('it has landmarks, table headers, and an order for the keyboard', async (t) => {
    const { page } = await openPage(browser, t, url);
    for (const role of ['banner', 'main', 'navigation'] as const) {
      t.equal(await page.getByRole(role).count(), 1, role);
    }
    t.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    // The page's script has taken over, and has rows, when these can be seen.
    await t.resolves(page.getByRole('columnheader', { name: 'last match' }).waitFor());
    await t.resolves(page.getByRole('rowheader', { name: 'https' }).waitFor());
    const stops: string[] = [];
    for (let i = 0; i < 13; i++) {
      await page.keyboard.press('Tab');
      stops.push(
        await page.evaluate(
          '(({ id, role, textContent }) => id || role || textContent)(document.activeElement)',
        ),
      );
    }
    t.strictSame(stops, [
      ...['/metrics', '/-/healthy', '/-/ready', '/docs', 'rule-search', 'grid'],
      ...['#', 'rule', 'packets', 'rate', 'bits', 'last match', 'interfaces-now'],
    ]);
  });

  await t.test('a script that is not its own is not run', async (t) => {
    const { page, complaints } = await openPage(browser, t, url);
    await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'globalThis.hasRun = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="globalThis.hasRun = true">');
    `);
    await eventually('complaint', () => complaints.some((text) => text.includes('Content Security Policy')));
    t.equal(await page.evaluate('globalThis.hasRun'), undefined);
  });

  await t.test('parts that come and go are taken over, too', async (t) => {
    const standIn = new ServerStandIn();
    t.teardown(() => standIn.stop());
    await standIn.start();
    const { page, complaints } = await openPage(browser, t, standIn.url);
    const losses = page.getByRole('region', { name: 'Losses by reason' });
    t.equal(await losses.count(), 0);
    standIn.engine.fillTraffic();
    standIn.engine.clock.ms += 1000;
    await standIn.engine.pass();
    standIn.server.publish();
    await eventually('losses', async () => (await losses.count()) === 1);
    t.match(await losses.textContent(), 'pool_exhausted');
    t.ok((await findFaintTexts(page)).texts > 100);
    t.strictSame((await findFaintTexts(page)).faint, [], 'contrast of bad news');
    await page.setViewportSize(NARROW);
    t.equal(
      await hiddenPixels(page, '#losses-now'),
      0,
      'what a loss means is read without scrolling in a narrow window',
    );
    t.strictSame(complaints, [], 'complaints');
  });

  await t.test('an engine that has ended is not taken for one at rest', async (t) => {
    const { page } = await openPage(browser, t, url);
    const state = page.getByRole('status').filter({ hasText: /live|answered/ });
    await eventually('state', async () => (await state.textContent()) === 'live');
    await upe.stop();
    await eventually('other state', async () => (await state.textContent()) !== 'live');
    t.match(
      await state.textContent(),
      /^UPE has not answered since \d\d:\d\d:\d\d\. The numbers below are the last/,
    );
    t.ok((await received(page)) > 0, 'the last numbers stay');
    const colours = await page.evaluate<string[]>(
      "[...document.querySelectorAll('main .good, main .figure')].map((text) => getComputedStyle(text).color)",
    );
    t.ok(colours.length > 20);
    t.strictSame([...new Set(colours)], [GREY], 'in grey, and none in the colour of what is well');
    // Ready, or no more: its threads end one after the other.
    const readiness = await page.evaluate<string>(
      "getComputedStyle(document.querySelector('#engine b'), '::after').content",
    );
    t.equal(readiness, '" when it last answered"');
    t.strictSame((await findFaintTexts(page)).faint, [], 'contrast');
  });
});
