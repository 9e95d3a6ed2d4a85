/**
 * The one way to the outside for sources: polite, guarded against addresses of the inside, and bounded in time and size.
 * Created by workers/main.ts and the command line's checks; called by every source that polls.
 * Try it: `await createFetcher({ userAgent: 'Sada/0.1 (+https://example.ma)', allowPrivate: [] })({ url })`.
 */
import { Agent } from 'undici';
import { SourceError } from '../../shared/errors.ts';
import { checkUrl, guardedConnector } from './address.ts';
import { type Answer, type Ask, ask } from './ask.ts';
import { isHostFailure, networkFailure, statusFailure } from './failure.ts';
import { Hosts, hostKey } from './hosts.ts';
import { RobotsFiles, type RobotsMode } from './robots.ts';
import { isUsedUp, retryAfterMs } from './wait.ts';

const DEFAULT_MAX_BYTES = 5_000_000;
const DEFAULT_TIMEOUT_MS = 20_000;
const DEFAULT_SPACING_MS = 2_000;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 40_000;
const MAX_REDIRECTS = 5;

export interface FetchRequest {
  url: string;
  accept?: string;
  /** Sent to the first origin only: after a redirect to another one they are dropped, whatever they are. */
  headers?: Record<string, string>;
  ifNoneMatch?: string;
  ifModifiedSince?: string;
  /** After decompression; default 5 MB. */
  maxBytes?: number;
  /** All hops together, without the time spent waiting for the host's turn; default 20 s. */
  timeoutMs?: number;
  /** Missing: robots.txt is not asked, as for an API. */
  robots?: RobotsMode;
  signal?: AbortSignal;
}

export interface FetchResult {
  /** 2xx or 304; anything else is thrown as SourceError. */
  status: number;
  /** Where the answer came from in the end. */
  url: string;
  /** The same, when every redirect on the way was permanent. */
  movedTo?: string;
  /** Names in lower case; repeated headers joined by a comma. */
  headers: Record<string, string>;
  body: Uint8Array;
  /** The site says that its quota is used up for so long. */
  retryAfterMs?: number;
}

/** Throws SourceError; when the request's own signal is aborted, throws that signal's reason. */
export interface Fetcher {
  (request: FetchRequest): Promise<FetchResult>;
  close(): Promise<void>;
}

/** The part of a logger that is used. */
export interface FetchLog {
  debug(fields: object, message: string): void;
}

export interface FetcherOptions {
  /** Honest: name/version and where to complain. Its name is what robots.txt rules are looked up by. */
  userAgent: string;
  /** `host:port` of private or odd-port servers that may be fetched all the same. */
  allowPrivate: readonly string[];
  /** Pause between two requests to the same site; default 2 s. */
  spacingMs?: number;
  now?: () => Date;
  log?: FetchLog;
}

/** One for a process: politeness holds only within it. Call `close` at the end. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const session = new FetchSession(options);
  return Object.assign((request: FetchRequest) => session.fetch(request), { close: () => session.close() });
}

/** A request on its way through its hops. */
interface Trip {
  request: FetchRequest;
  url: URL;
  firstOrigin: string;
  redirects: number;
  isPermanent: boolean;
  budgetMs: number;
}

interface Wanted {
  url: URL;
  headers: Record<string, string>;
  maxBytes: number;
  cut?: boolean;
}

class FetchSession {
  readonly #agent: Agent;
  readonly #hosts: Hosts;
  readonly #allowed: ReadonlySet<string>;
  readonly #userAgent: string;
  readonly #now: () => Date;
  readonly #log: FetchLog | undefined;
  readonly #robots: RobotsFiles;

  constructor({
    userAgent,
    allowPrivate,
    spacingMs = DEFAULT_SPACING_MS,
    now = () => new Date(),
    log,
  }: FetcherOptions) {
    this.#allowed = new Set(allowPrivate.map((entry) => entry.trim().toLowerCase()));
    this.#agent = new Agent({
      connect: guardedConnector(this.#allowed, CONNECT_TIMEOUT_MS),
      maxHeaderSize: MAX_HEADER_BYTES,
      connections: 2,
      pipelining: 1,
    });
    this.#hosts = new Hosts(spacingMs, now);
    this.#robots = new RobotsFiles(/^[^\s/]+/.exec(userAgent)?.[0] ?? '*', now);
    this.#userAgent = userAgent;
    this.#now = now;
    this.#log = log;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async fetch(request: FetchRequest): Promise<FetchResult> {
    const url = parseUrl(request.url);
    url.hash = '';
    const trip: Trip = {
      request,
      url,
      firstOrigin: url.origin,
      redirects: 0,
      isPermanent: true,
      budgetMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    };
    checkUrl(url, this.#allowed, 'typed');
    for (;;) {
      const key = hostKey(trip.url);
      // a redirect within the site is followed in the same turn; one to another site waits for that site's turn
      const result = await this.#hosts.run(key, request.signal, () => this.#visit(key, trip));
      if (result) return result;
    }
  }

  /** Follows the trip while it stays at one host. undefined: it goes on at another. */
  async #visit(key: string, trip: Trip): Promise<FetchResult | undefined> {
    while (hostKey(trip.url) === key) {
      await this.#checkRobots(key, trip);
      const answer = await this.#ask(key, trip, {
        url: trip.url,
        headers: this.#headersFor(trip),
        maxBytes: trip.request.maxBytes ?? DEFAULT_MAX_BYTES,
      });
      const location = redirectTarget(answer, trip.url);
      if (!location) return this.#finish(key, trip, answer);
      this.#hosts.succeeded(key);
      trip.redirects += 1;
      if (trip.redirects > MAX_REDIRECTS) {
        throw new SourceError('too_many_redirects', `${trip.url.hostname} redirects more than ${MAX_REDIRECTS} times`);
      }
      trip.isPermanent &&= answer.status === 301 || answer.status === 308;
      location.hash = '';
      checkUrl(location, this.#allowed, 'redirect');
      trip.url = location;
    }
    return undefined;
  }

  #finish(key: string, trip: Trip, answer: Answer): FetchResult {
    const { status, headers, body } = answer;
    const waitMs = retryAfterMs(headers, this.#now());
    this.#log?.debug({ host: key, status, bytes: body.length }, 'fetched');
    const failure = statusFailure(trip.url.hostname, status, headers['retry-after'] !== undefined);
    if (failure?.cure === 'failure') throw this.#failed(key, new SourceError(failure.code, failure.message));
    if (failure?.cure === 'pause') {
      throw new SourceError(failure.code, failure.message, this.#hosts.pause(key, waitMs));
    }
    this.#hosts.succeeded(key);
    if (failure) throw new SourceError(failure.code, failure.message);
    const result: FetchResult = { status, url: trip.url.href, headers, body };
    if (trip.redirects > 0 && trip.isPermanent) result.movedTo = trip.url.href;
    if (waitMs !== undefined && (isUsedUp(headers) || headers['retry-after'] !== undefined))
      result.retryAfterMs = waitMs;
    return result;
  }

  #headersFor({ request, url, firstOrigin }: Trip): Record<string, string> {
    const own = url.origin === firstOrigin ? lowerCased(request.headers ?? {}) : {};
    return {
      accept: request.accept ?? '*/*',
      ...own,
      ...(request.ifNoneMatch === undefined ? {} : { 'if-none-match': request.ifNoneMatch }),
      ...(request.ifModifiedSince === undefined ? {} : { 'if-modified-since': request.ifModifiedSince }),
    };
  }

  /** One request; what goes wrong on the way counts against the host. */
  async #ask(key: string, trip: Trip, { url, headers, maxBytes, cut = false }: Wanted): Promise<Answer> {
    const { signal } = trip.request;
    const input: Ask = {
      agent: this.#agent,
      url,
      headers: { ...headers, 'user-agent': this.#userAgent, 'accept-encoding': 'gzip, br' },
      maxBytes,
      cut,
      timeoutMs: trip.budgetMs,
      signal,
    };
    const startedMs = performance.now();
    try {
      return await ask(input);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const failure = networkFailure(url.hostname, error);
      throw isHostFailure(failure.code) ? this.#failed(key, failure) : failure;
    } finally {
      trip.budgetMs = Math.max(1, trip.budgetMs - (performance.now() - startedMs));
    }
  }

  #failed(key: string, failure: SourceError): SourceError {
    const waitMs = this.#hosts.failed(key, failure.code);
    this.#log?.debug({ host: key, code: failure.code, waitMs }, 'fetch failed');
    return new SourceError(failure.code, failure.message, waitMs);
  }

  async #checkRobots(key: string, trip: Trip): Promise<void> {
    const mode = trip.request.robots;
    if (!mode) return;
    const robots = await this.#robots.of(trip.url, (url, maxBytes) => this.#askForRobots(key, trip, url, maxBytes));
    if (robots instanceof SourceError) {
      if (mode === 'typed_by_user') return;
      throw new SourceError('robots', robots.message, robots.retryAfterMs);
    }
    this.#hosts.setCrawlDelay(key, robots.crawlDelayMs);
    if (!robots.mayFetch(trip.url.href, mode)) {
      throw new SourceError('robots', `the robots.txt of ${trip.url.hostname} does not allow this address`);
    }
  }

  async #askForRobots(key: string, trip: Trip, file: URL, maxBytes: number): Promise<Answer> {
    const headers = { accept: 'text/plain, */*;q=0.1' };
    let url = file;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#ask(key, trip, { url, headers, maxBytes, cut: true });
      const location = redirectTarget(answer, url);
      if (!location) return answer;
      if (redirects >= MAX_REDIRECTS)
        throw new SourceError('too_many_redirects', `${url.hostname} redirects in circles`);
      checkUrl(location, this.#allowed, 'redirect');
      url = location;
    }
  }
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new SourceError('bad_settings', 'this is not a web address');
  return new URL(text);
}

function redirectTarget({ status, headers }: Answer, base: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const { location } = headers;
  if (location === undefined || !URL.canParse(location, base.href)) {
    throw new SourceError('server_error', `${base.hostname} redirects to nowhere`);
  }
  return new URL(location, base);
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
