/**
 * What one client, or many together, can take from the server. None of it is configured: a scraper needs far
 * less, and whoever needs more is none.
 */

/** Connections at a time; more are closed as they come. */
export const CONNECTIONS_MAX = 512;
/** Bytes of a request's first line and headers. */
export const HEADER_BYTES_MAX = 8192;
/** Bytes of a request's body: what a capture is asked for with; one of a reload nobody reads. */
export const BODY_BYTES_MAX = 1024;
/** A TLS handshake, and the headers of a request, must be complete after this, milliseconds. */
export const HEADERS_MS_MAX = 5000;
/** A request must be complete after this, milliseconds. */
export const REQUEST_MS_MAX = 10_000;
/** An answer must be with the client after this, milliseconds, counted from the request. */
export const ANSWER_MS_MAX = 30_000;
/** A scraper asks every 15 to 60 seconds: it should find its connection open. */
export const KEEP_ALIVE_MS = 65_000;
/** How often Node.js looks for connections that are late, milliseconds. */
export const LATE_CHECK_MS = 1000;
/**
 * Requests of one connection that are being answered at a time; one with more is ended. Clients wait for their
 * answer before they ask again, but Node.js takes a whole pipeline at once.
 */
export const REQUESTS_PER_CONNECTION_MAX = 2;
/** Scrapes that are being answered at a time. */
export const SCRAPES_MAX = 512;
/** Bytes of renderings that are held for clients that read slowly. */
export const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** Passwords that wait to be looked at, the one that is looked at included. */
export const PASSWORDS_WAITING_MAX = 8;
/** Requests to reload that wait for their answer. */
export const RELOADS_WAITING_MAX = 16;
/** Answers of the API that are under way: one of ten thousand rules is 3 MB. */
export const API_ANSWERS_MAX = 16;
/** Most rules that one answer of the API lists. */
export const LISTED_RULES_MAX = 10_000;
/** Most talkers that one answer of the API lists. */
export const LISTED_TALKERS_MAX = 100;
/** Clients that are told of every pass at a time. */
export const EVENT_STREAMS_MAX = 32;
/** Bytes that wait for one of them to read; ten thousand rules that all count are some 100 kB a second. */
export const EVENT_BYTES_WAITING_MAX = 1024 * 1024;
/** How often a stream says something where passes are rare, milliseconds: less than KEEP_ALIVE_MS. */
export const HEARTBEAT_MS = 15_000;
