/**
 * What a site's robots.txt lets us fetch. Called by fetcher.ts, which reads the file and remembers it for a day.
 * Try it: `parseRobots('https://example.ma/robots.txt', 'User-agent: *\nDisallow: /x', 'Sada').mayFetch(url, 'obey')`.
 */
import robotsModule from 'robots-parser';
import { SourceError } from '../../shared/errors.ts';
import type { Answer } from './ask.ts';
import { isHostFailure } from './failure.ts';
import { retryAfterMs } from './wait.ts';

const KEPT_MS = 24 * 3_600_000;
const RETRY_MS = 60_000;
const MAX_BYTES = 500_000;
const MAX_FILES = 5_000;

/** `typed_by_user`: only rules written for our own name count, since a person asked for this very address. */
export type RobotsMode = 'obey' | 'typed_by_user';

export interface Robots {
  mayFetch(url: string, mode: RobotsMode): boolean;
  /** Milliseconds wanted between two requests; 0 when nothing is said. */
  crawlDelayMs: number;
}

interface ParsedRobots {
  isDisallowed(url: string, agent?: string): boolean | undefined;
  getCrawlDelay(agent?: string): number | undefined;
}

// its types describe a default export which the CommonJS module does not have
const robotsParser = robotsModule as unknown as (url: string, text: string) => ParsedRobots;

const NO_ROBOTS: Robots = { mayFetch: () => true, crawlDelayMs: 0 };

/** `agent` is the product part of our User-Agent, without its version. */
export function parseRobots(robotsUrl: string, text: string, agent: string): Robots {
  const parsed = robotsParser(robotsUrl, text);
  const isNamed = text.split(/\r\n|\r|\n/).some((line) => {
    const [, name] = /^\s*user-agent\s*:\s*([^#\s/]+)/i.exec(line) ?? [];
    return name?.toLowerCase() === agent.toLowerCase();
  });
  return {
    mayFetch: (url, mode) => (mode === 'typed_by_user' && !isNamed) || parsed.isDisallowed(url, agent) !== true,
    crawlDelayMs: (parsed.getCrawlDelay(agent) ?? 0) * 1000,
  };
}

/** The files of all origins, each read once a day at most. */
export class RobotsFiles {
  readonly #files = new Map<string, { robots: Robots | SourceError; untilMs: number }>();
  readonly #agent: string;
  readonly #now: () => Date;
  constructor(agent: string, now: () => Date) {
    this.#agent = agent;
    this.#now = now;
  }

  /** The rules of this URL's origin, or the SourceError `robots` or of the host that keeps them from being known. */
  async of(url: URL, read: (file: URL, maxBytes: number) => Promise<Answer>): Promise<Robots | SourceError> {
    const nowMs = this.#now().getTime();
    const known = this.#files.get(url.origin);
    if (known && known.untilMs > nowMs) return known.robots;
    const robots = await this.#read(new URL('/robots.txt', url), read);
    const keptMs = robots instanceof SourceError ? (robots.retryAfterMs ?? RETRY_MS) : KEPT_MS;
    if (this.#files.size >= MAX_FILES) this.#files.clear();
    this.#files.set(url.origin, { robots, untilMs: nowMs + keptMs });
    return robots;
  }

  async #read(file: URL, read: (file: URL, maxBytes: number) => Promise<Answer>): Promise<Robots | SourceError> {
    try {
      const { status, headers, body } = await read(file, MAX_BYTES);
      if (status >= 500 || status === 429) {
        const waitMs = retryAfterMs(headers, this.#now()) ?? RETRY_MS;
        return new SourceError('robots', `the robots.txt of ${file.hostname} answers ${status}`, waitMs);
      }
      if (status < 200 || status >= 300) return NO_ROBOTS;
      return parseRobots(file.href, new TextDecoder().decode(body), this.#agent);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      // a file that leads nowhere or is broken forbids nothing; a host that cannot be reached might
      return isHostFailure(error.code) ? error : NO_ROBOTS;
    }
  }
}
