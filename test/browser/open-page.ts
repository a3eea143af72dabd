import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/**
 * A page, and everything that the browser has complained of on it. Unless the options say otherwise its visitor has
 * asked for reduced motion: dots that move keep a processor at work where there is no graphics card, 51 s of processor
 * time in the tests of the landing page.
 */
export async function openPage(
  browser: Browser,
  t: { teardown(clean: () => unknown): unknown },
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  await page.goto(url);
  return { page, complaints };
}

/** Pixels by which the content of an element is wider than what is to be seen of it. */
export function hiddenPixels(page: Page, selector: string): Promise<number> {
  return page.evaluate(
    `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('${selector}'))`,
  );
}
