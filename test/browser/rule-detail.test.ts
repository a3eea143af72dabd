import type { Page } from 'playwright-core';
import t from 'tap';
import { browserMissing, startBrowser } from '../support/browser.js';
import { eventually, startUpe } from '../support/upe-process.js';
import { findFaintTexts } from './contrast.js';
import { hiddenPixels, openPage } from './open-page.js';

t.setTimeout(120_000);
const skip = browserMissing();

const WIDE = { width: 1280, height: 900 };

const NARROW = { width: 400, height: 800 };

/** The cells of the top talkers that are not wholly within the window, or not to be seen. */
function hiddenTalkerCells(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('[aria-labelledby=talkers] tbody :is(th, td)')].filter((cell) => {
    const { left, right } = cell.getBoundingClientRect();
    return left < 0 || right > innerWidth || right === left || cell.scrollWidth > cell.clientWidth;
  }).map(({ textContent }) => textContent)`);
}

/** What `GET /api/v1/top` answers, as far as the page looks at it. */
const TALKERS = {
  window: { since: '2026-01-01T00:00:00.000Z', seconds: 60 },
  sampled: { one_in: 1.08, samples: 100, lost: { samples: 0, packets: 0, bytes: 0 } },
  top: [
    {
      flow: {
        source: 'fd00::1',
        source_port: 1024,
        destination: '10.0.0.1',
        destination_port: 443,
        protocol: 'tcp',
      },
      packets: 1234,
      bytes: 99_000,
      share: 0.25,
      low: 1200,
      high: 1300,
    },
  ],
};

t.test('a rule in detail', { skip }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_WORKERS: '1' });
  const url = `http://127.0.0.1:${upe.port}/`;
  const browser = await startBrowser(t);
  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`by its address, ${colorScheme}`, async (t) => {
      const { page, complaints } = await openPage(browser, t, 'about:blank', { colorScheme, viewport: WIDE });
      await page.route('**/api/v1/top?*', (route) => route.fulfill({ json: TALKERS }));
      await page.goto(`${url}#rule=block-telnet`);
      const dialog = page.getByRole('dialog', { name: 'block-telnet' });
      await dialog.waitFor();
      t.match(await dialog.locator('code').textContent(), 'dst_port: 23');
      await eventually('chart', async () => (await dialog.locator('canvas').count()) === 1);
      await eventually(
        'talkers',
        async () => (await dialog.locator('[aria-labelledby=talkers] tbody tr').count()) === 1,
      );
      const row = await dialog.locator('[aria-labelledby=talkers] tbody tr').textContent();
      t.match(row, '[fd00::1]:1024 → 10.0.0.1:443 tcp');
      t.match(row, '1,200 and 1,300');
      t.match(await dialog.textContent(), 'Of the last 1 min, one packet in 1.08 looked at.');
      await dialog.getByLabel('protocol').fill('tcp');
      await dialog.getByLabel('dst port').fill('24');
      await dialog.getByRole('button', { name: 'Explain' }).click();
      await eventually('answer', async () =>
        (await dialog.locator('.answer').textContent())?.includes('This rule'),
      );
      t.match(
        await dialog.locator('.answer').textContent(),
        'This rule does not match: dst_port is 24, and it wants 23',
      );
      t.match(
        await dialog.locator('.answer').textContent(),
        'by tcp_flags drop, by rule tcp-null-scan',
        'and what the verdict depends on',
      );
      t.ok(await dialog.getByLabel('tcp flags').isVisible(), 'with the fields that would decide');
      await dialog.getByLabel('dst port').fill('x');
      await dialog.getByRole('button', { name: 'Explain' }).click();
      await eventually('problem', async () =>
        (await dialog.locator('.answer').textContent())?.includes('dst_port:'),
      );
      await dialog.getByLabel('src', { exact: true }).fill('10.0.0.300');
      await dialog.getByRole('button', { name: 'Explain' }).click();
      await eventually('what an address is', async () =>
        (await dialog.locator('.answer').textContent())?.includes('IPv4 or IPv6 address, like 10.0.0.1'),
      );
      const { texts, faint } = await findFaintTexts(page);
      t.ok(texts > 100, `${texts} texts`);
      t.strictSame(faint, [], 'contrast');
      const refusals = complaints.filter((text) => !text.includes('400 (Bad Request)'));
      t.strictSame(refusals, [], 'complaints, but for the question that was none');
      await page.setViewportSize(NARROW);
      t.strictSame(await hiddenTalkerCells(page), [], 'talkers in a narrow window');
      // The chart follows the window a frame or two later.
      await eventually(
        'dialog with nothing to scroll to',
        async () => (await hiddenPixels(page, 'dialog')) === 0,
      );
      await dialog.getByRole('button', { name: 'Close' }).click();
      await dialog.waitFor({ state: 'hidden' });
    });
  }

  await t.test(
    'where nobody counts talkers, what to do is said; a rule that is not there says so',
    async (t) => {
      const { page } = await openPage(browser, t, 'about:blank', { viewport: NARROW });
      const detail = 'Top talkers are off: <b>set</b> UPE_TOP_TALKERS=true.';
      await page.route('**/api/v1/top?*', (route) =>
        route.fulfill({
          status: 409,
          contentType: 'application/problem+json',
          body: JSON.stringify({ detail }),
        }),
      );
      await page.goto(`${url}#rule=dns`);
      const dialog = page.getByRole('dialog');
      await eventually('reason', async () => (await dialog.textContent())?.includes(detail));
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), 400);
      await page.evaluate("location.hash = '#rule=nobody'");
      await eventually('other', async () =>
        (await dialog.textContent())?.includes('No rule in use has this name.'),
      );
      await page.goBack();
      await eventually(
        'back',
        async () => (await dialog.getByRole('heading', { level: 2 }).textContent()) === 'dns',
      );
    },
  );

  await t.test('nothing moves for those who do not want to see it', async (t) => {
    const animation = (page: Page) =>
      page.evaluate("getComputedStyle(document.querySelector('.flow i')).animationName");
    const moving = await openPage(browser, t, url, { reducedMotion: 'no-preference' });
    t.equal(await animation(moving.page), 'flow');
    const still = await openPage(browser, t, url, { reducedMotion: 'reduce' });
    t.equal(await animation(still.page), 'none');
  });
});
