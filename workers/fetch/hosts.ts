/**
 * Politeness towards each site: one request at a time with a pause between, a wait when the site asks for one, and a
 * growing wait after failures in a row. Called by fetcher.ts, which keeps one `Hosts` for its life.
 * Try it: `await hosts.run(hostKey(url), signal, () => request())`.
 */
import { isIP } from 'node:net';
import { getDomain } from 'tldts';
import { SourceError, type SourceErrorCode } from '../../shared/errors.ts';
import { hostAndPort } from './address.ts';

const FAILURES_TO_OPEN = 5;
const FIRST_WAIT_MS = 60_000;
const MAX_WAIT_MS = 6 * 3_600_000;
const FORGET_AFTER_MS = 24 * 3_600_000;
const MAX_HOSTS = 5_000;
const MAX_CRAWL_DELAY_MS = 60_000;

interface HostState {
  /** Resolves when the last request in line is over. */
  tail: Promise<void>;
  waiting: number;
  lastEndMs: number;
  crawlDelayMs: number;
  /** The site asked to be left alone until then. */
  pausedUntilMs: number;
  failures: number;
  /** Refusals in a row (429) that did not say for how long. */
  refusals: number;
  /** Closed to all until then; the next request after it is the probe. */
  closedUntilMs: number;
  lastCode: SourceErrorCode;
}

/** Who shares a queue: the registrable domain; an IP address, `localhost` and the like are told apart by port. */
export function hostKey(url: URL): string {
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) return hostAndPort(url);
  return getDomain(url.hostname) ?? hostAndPort(url);
}

/** What is known of each site. In memory only: after a restart each site is simply tried again. */
export class Hosts {
  readonly #states = new Map<string, HostState>();
  readonly #spacingMs: number;
  readonly #now: () => Date;
  constructor(spacingMs: number, now: () => Date) {
    this.#spacingMs = spacingMs;
    this.#now = now;
  }

  /** Runs `task` when it is this host's turn. Throws SourceError at once while the host is paused or closed. */
  async run<T>(key: string, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    const state = this.#stateOf(key);
    this.#refuseWhileClosed(key, state);
    const before = state.tail;
    let endTurn = () => {};
    const turn = new Promise<void>((resolve) => {
      endTurn = resolve;
    });
    state.tail = before.then(() => turn);
    state.waiting += 1;
    try {
      await abortable(before, signal);
      // what the request before learnt counts for this one too
      this.#refuseWhileClosed(key, state);
      const spacingMs = Math.max(this.#spacingMs, state.crawlDelayMs);
      const pauseMs = Math.min(spacingMs, state.lastEndMs + spacingMs - this.#now().getTime());
      if (pauseMs > 0) await abortable(undefined, signal, pauseMs);
      try {
        return await task();
      } finally {
        state.lastEndMs = this.#now().getTime();
      }
    } finally {
      state.waiting -= 1;
      endTurn();
    }
  }

  /** The host answered: whatever it said, it is there. */
  succeeded(key: string): void {
    const state = this.#stateOf(key);
    state.failures = 0;
    state.refusals = 0;
    state.closedUntilMs = 0;
  }

  /**
   * The host failed (time-out, no connection, 5xx). Returns how long to wait before the next attempt, in milliseconds:
   * 1 min, from the fifth failure in a row doubling to 6 h. From then on the host is closed for that long, then probed.
   */
  failed(key: string, code: SourceErrorCode): number {
    const state = this.#stateOf(key);
    state.failures += 1;
    state.lastCode = code;
    const waitMs = doubled(Math.max(0, state.failures - FAILURES_TO_OPEN));
    if (state.failures >= FAILURES_TO_OPEN) state.closedUntilMs = this.#now().getTime() + waitMs;
    return waitMs;
  }

  /** The host asked for rest. Returns the milliseconds granted: those it asked for, else 1 min doubling to 6 h. */
  pause(key: string, askedMs: number | undefined): number {
    const state = this.#stateOf(key);
    if (askedMs === undefined) state.refusals += 1;
    const waitMs = askedMs ?? doubled(state.refusals - 1);
    state.pausedUntilMs = Math.max(state.pausedUntilMs, this.#now().getTime() + waitMs);
    return waitMs;
  }

  /** The host's robots.txt wants this much between two requests; at most 60 s of it are granted. */
  setCrawlDelay(key: string, delayMs: number): void {
    this.#stateOf(key).crawlDelayMs = Math.min(MAX_CRAWL_DELAY_MS, Math.max(0, delayMs));
  }

  #refuseWhileClosed(key: string, state: HostState): void {
    const nowMs = this.#now().getTime();
    if (state.pausedUntilMs > nowMs) {
      throw new SourceError('rate_limited', `${key} asked for a pause`, state.pausedUntilMs - nowMs);
    }
    if (state.closedUntilMs > nowMs) {
      const detail = `${key} failed ${state.failures} times in a row and is left alone for a while`;
      throw new SourceError(state.lastCode, detail, state.closedUntilMs - nowMs);
    }
  }

  #stateOf(key: string): HostState {
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#states.size >= MAX_HOSTS) this.#forgetIdle();
    const state: HostState = {
      tail: Promise.resolve(),
      waiting: 0,
      lastEndMs: 0,
      crawlDelayMs: 0,
      pausedUntilMs: 0,
      failures: 0,
      refusals: 0,
      closedUntilMs: 0,
      lastCode: 'unreachable',
    };
    this.#states.set(key, state);
    return state;
  }

  #forgetIdle(): void {
    const nowMs = this.#now().getTime();
    for (const [key, state] of this.#states) {
      const busy = state.waiting > 0 || state.closedUntilMs > nowMs || state.pausedUntilMs > nowMs;
      if (!busy && state.lastEndMs < nowMs - FORGET_AFTER_MS) this.#states.delete(key);
    }
  }
}

function doubled(times: number): number {
  return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(times, 20));
}

/** Waits for `promise`, or for `delayMs`; rejects with the signal's reason when it is aborted first. */
function abortable(promise: Promise<void> | undefined, signal?: AbortSignal, delayMs?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const onEnd = () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const timer = delayMs === undefined ? undefined : setTimeout(onEnd, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    promise?.then(onEnd);
  });
}
