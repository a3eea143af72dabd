import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { ServerStandIn } from '../stats/server-stand-in.js';
import { browserMissing, startBrowser } from '../support/browser.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { eventually, startUpe } from '../support/upe-process.js';
import { findFaintTexts } from './contrast.js';

t.setTimeout(120_000);
const skip = browserMissing();

/** Enough for every number to move, and little for a machine that runs a browser as well. */
const DEMO = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_WORKERS: '1' };

const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 800 };

/** A page, and everything that the browser has complained of on it. */
async function openPage(
  browser: Browser,
  t: Test,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext(options);
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  await page.goto(url);
  return { page, complaints };
}

/** Packets received as the page has them. */
async function received(page: Page): Promise<number> {
  const text = await page.locator('#totals-now .figure').first().textContent();
  return Number(text?.replaceAll(',', ''));
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
        const { texts, faint } = await findFaintTexts(page);
        t.ok(texts > 100, `${texts} texts`);
        t.strictSame(faint, [], 'contrast');
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
    const table = page.getByRole('region', { name: 'Rules by packets' });
    await table.focus();
    await page.keyboard.press('ArrowRight');
    const scrolled = () => page.evaluate<number>("document.querySelector('#rules-now').scrollLeft");
    const place = await eventually('scrolled table', async () => (await scrolled()) || undefined);
    await receivesMore(page);
    t.equal(await page.evaluate('document.activeElement.id'), 'rules-now');
    t.ok((await scrolled()) >= place);
  });

  await t.test('nothing moves below a text that is selected', async (t) => {
    const { page } = await openPage(browser, t, url);
    // In one step: the page renews its figures at any time, and what was found may be gone when it is to be selected.
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#totals-now .figure'))");
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
    t.ok(await page.getByRole('columnheader', { name: 'last match' }).isVisible());
    t.ok(await page.getByRole('rowheader', { name: 'https' }).isVisible());
    const stops: string[] = [];
    for (let i = 0; i < 6; i++) {
      await page.keyboard.press('Tab');
      stops.push(
        await page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.id"),
      );
    }
    t.strictSame(stops, ['/metrics', '/-/healthy', '/-/ready', '/docs', 'rules-now', 'interfaces-now']);
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
    await eventually('losses', async () => (await losses.count()) === 1);
    t.match(await losses.textContent(), 'pool_exhausted');
    t.ok((await findFaintTexts(page)).texts > 100);
    t.strictSame((await findFaintTexts(page)).faint, [], 'contrast of bad news');
    t.strictSame(complaints, [], 'complaints');
  });

  await t.test('an engine that has ended is not taken for one at rest', async (t) => {
    const { page } = await openPage(browser, t, url);
    t.equal(await page.locator('#silence').isVisible(), false);
    await upe.stop();
    await page.locator('#silence').waitFor({ state: 'visible', timeout: 20_000 });
    t.match(await page.locator('#silence').textContent(), /^UPE has not answered since .*\d/);
    t.ok((await received(page)) > 0, 'the last numbers stay');
  });
});
