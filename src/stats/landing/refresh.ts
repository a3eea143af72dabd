/** Time between the answer to one request for new numbers and the next request, milliseconds. */
const REFRESH_MS = 2000;
/** Time after which an answer is not waited for any longer, milliseconds. */
const PATIENCE_MS = 5000;

/** For browsers without scripts: the whole page again, seconds. */
export const RELOAD_SECONDS = 5;

/**
 * Renews the page's numbers in place, so that nothing flickers and nobody loses their place: it fetches the
 * page again and takes over the content of each element that is marked `data-live`. The marked elements
 * themselves stay, and with them the focus and how far a table was scrolled. When the page has other parts
 * than before, its main part is taken over as a whole; when it is another version of UPE, all of it.
 *
 * While somebody has text selected or nobody looks, it waits. While there is no answer, it says so: numbers
 * that stand still must not look like an engine at rest.
 */
export const REFRESH_SCRIPT = `
const partsOf = (page) => [...page.querySelectorAll('[data-live]')];
const namesOf = (page) => partsOf(page).map(({ id }) => id).join();
const silence = document.querySelector('#silence');

async function refresh() {
  const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(${PATIENCE_MS}) });
  if (!answer.ok) throw new Error(answer.statusText);
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  if (next.querySelector('h1')?.textContent !== document.querySelector('h1').textContent) location.reload();
  if (namesOf(next) !== namesOf(document)) {
    document.querySelector('main').replaceWith(next.querySelector('main'));
    return;
  }
  const nextParts = partsOf(next);
  partsOf(document).forEach((part, i) => {
    if (part.innerHTML !== nextParts[i].innerHTML) part.replaceChildren(...nextParts[i].childNodes);
  });
}

async function keepRefreshing() {
  if (!document.hidden && getSelection().isCollapsed) {
    try {
      await refresh();
      silence.hidden = true;
    } catch {
      if (silence.hidden) silence.textContent = 'UPE has not answered since ' + new Date().toLocaleTimeString() + '. The numbers below are the last ones.';
      silence.hidden = false;
    }
  }
  setTimeout(keepRefreshing, ${REFRESH_MS});
}

setTimeout(keepRefreshing, ${REFRESH_MS});
`;
