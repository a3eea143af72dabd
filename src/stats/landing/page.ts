import { createHash } from 'node:crypto';
import type { EngineState } from '../engine-state.js';
import { passEvent } from '../live/pass-event.js';
import { accountingSection } from './accounting.js';
import { interfacesSection } from './interfaces.js';
import { lossesOf, lossesSection } from './losses.js';
import { Html, html } from './markup.js';
import { engineSection } from './overview.js';
import { pipelineSection } from './pipeline.js';
import { rulesSection } from './rules.js';
import { STYLE } from './style.js';
import { rulesOverview } from './top-rules.js';
import { unjudgedSection } from './unjudged.js';

/** For browsers without scripts: the whole page again, seconds. */
const RELOAD_SECONDS = 5;

/**
 * The policy that the page is served with: its own style, told by its hash, scripts and styles of this server, its
 * icon, and requests to where it came from. Whatever else might get into the page, the browser does not run it.
 */
export const LANDING_PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'self' ${hashOf(STYLE)}`,
  "script-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A square, so that browsers do not ask for one that is not there. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Crect width='8' height='8' rx='2' fill='%23176530'/%3E%3C/svg%3E";

/** What the page shows beside the engine's state. */
export interface PageContext {
  /** Why the engine is not ready, or `null` when it is. */
  readonly notReadyBecause: string | null;
  /** Time between two stats passes, milliseconds. */
  readonly intervalMs: number;
  /** The paths that are worth a visit, this one not among them. */
  readonly links: readonly string[];
}

/** The page on /: what this is, what it has seen, whether everything adds up, and where to go from here. */
export function landingPage(state: EngineState, context: PageContext): string {
  const rules = rulesOverview(state);
  const losses = lossesOf(state);
  const pass = passEvent(state, { ...context, rules, losses });
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
<title>UPE</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/page/uplot.css">
<style>${new Html(STYLE)}</style>
<script defer src="/page/uplot.js"></script>
<script type="module" src="/page/main.js"></script>
</head>
<body>
<header>
<h1>UPE <small>userspace packet engine ${state.version}</small></h1>
<nav aria-label="Endpoints">${context.links.map((path) => html`<a href="${path}">${path}</a>`)}</nav>
<p id="connection" role="status"></p>
</header>
<main data-page="${pass.page}">
${engineSection(state, pass, context.notReadyBecause)}
${pipelineSection(state, pass, losses)}
${rulesSection(state, pass, rules)}
${accountingSection(pass, state.aggregator.totals.identity)}
<div id="losses-part" data-live>${lossesSection(pass, losses)}</div>
${interfacesSection(state, pass)}
<div id="unjudged-part" data-live>${unjudgedSection(pass, state.unjudged)}</div>
</main>
</body>
</html>
`;
  return page.text;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
