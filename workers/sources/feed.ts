/**
 * Feeds: RSS, Atom, JSON Feed and news sitemaps. One visit gives one page; nothing new gives one without events.
 * Called by workers/collect.ts through sources/all.ts. Feeds never tell of deletions.
 * Try it: `for await (const page of feed.collect({ settings: { url }, cursor: null, … })) console.log(page.events)`.
 */
import { z } from 'zod';
import type { SourceNote } from '../../shared/contracts/collected.ts';
import { SourceError } from '../../shared/errors.ts';
import { siteOf } from '../../shared/site.ts';
import type { FetchResult } from '../fetch/fetcher.ts';
import { toEvents } from './feeds/items.ts';
import type { ParsedFeed } from './feeds/parsed.ts';
import { parseInThread } from './feeds/parsePool.ts';
import { floorMs, quietAfter, quietAfterNews } from './feeds/quiet.ts';
import { webUrl } from './feeds/url.ts';
import type { CollectInput, Connector, Page } from './source.ts';

const ACCEPT =
  'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1';
/** A permanent redirect is believed when it was seen so many times in a row. */
const MOVES_TO_BELIEVE = 3;
/** Of an address in a note: enough to know it by. */
const MAX_DETAIL = 300;

export const FeedSettings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_048),
  kind: z.enum(['article', 'post', 'comment']).default('article'),
});
export type FeedSettings = z.infer<typeof FeedSettings>;

export const FeedCursor = z.object({
  /** The settings' address this cursor was made with: after a change of it, only `seen` still holds. */
  feed: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Where the feed moved for good. */
  url: z.string().optional(),
  /** A move that is not yet believed. */
  moves: z.object({ url: z.string(), times: z.int() }).optional(),
  /** External id and hash of the text, oldest first. */
  seen: z.array(z.tuple([z.string(), z.string()])),
  /** When the feed last brought something. */
  changedAt: z.iso.datetime(),
  /** The shortest wait that the feed asks for. */
  floorMs: z.number(),
});
export type FeedCursor = z.infer<typeof FeedCursor>;

export const feed: Connector<FeedSettings, FeedCursor> = {
  kind: 'feed',
  mode: 'poll',
  settings: FeedSettings,
  cursor: FeedCursor,
  tells: { edits: true, deletes: false },
  siteOf({ url }) {
    const site = siteOf(url);
    if (!site) throw new SourceError('bad_settings', 'this is not a web address');
    return site;
  },
  async *collect(input) {
    try {
      yield await visit(input);
    } catch (error) {
      // stopped from outside: what was not read now is read at the next visit
      if (!input.signal.aborted) throw error;
    }
  },
};

async function visit(input: CollectInput<FeedSettings, FeedCursor>): Promise<Page<FeedCursor>> {
  const { settings } = input;
  const cursor = forThisFeed(input.cursor, settings.url);
  const result = await fetchFeed(input, cursor);
  if (result.status === 304 && cursor) {
    const floor = Math.max(cursor.floorMs, floorMs(undefined, result.headers));
    const quietMs = quietAfter({ changedAt: cursor.changedAt, floorMs: floor }, input.now());
    if (result.movedTo === undefined) return { events: [], cursor, quietForMs: quietFor(quietMs, result) };
    const { url: _url, moves: _moves, ...rest } = cursor;
    const move = followMove(cursor, settings.url, result);
    const notes = move.notes.length > 0 ? { notes: move.notes } : {};
    return { events: [], cursor: { ...rest, ...move.cursor }, quietForMs: quietFor(quietMs, result), ...notes };
  }
  const parsed = await parseInThread(feedBytes(result));
  return toPage(input, cursor, result, parsed);
}

/** Asks at the new address after a move; when that one is gone again, at the one in the settings. */
async function fetchFeed(
  { settings, fetch, signal }: CollectInput<FeedSettings, FeedCursor>,
  cursor: FeedCursor | null,
): Promise<FetchResult> {
  const request = { url: settings.url, accept: ACCEPT, robots: 'typed_by_user', signal } as const;
  if (!cursor) return fetch(request);
  const conditions = {
    ...(cursor.etag === undefined ? {} : { ifNoneMatch: cursor.etag }),
    ...(cursor.lastModified === undefined ? {} : { ifModifiedSince: cursor.lastModified }),
  };
  if (cursor.url === undefined) return fetch({ ...request, ...conditions });
  try {
    return await fetch({ ...request, ...conditions, url: cursor.url });
  } catch (error) {
    if (!(error instanceof SourceError) || !['not_found', 'gone'].includes(error.code)) throw error;
    return fetch(request);
  }
}

function toPage(
  { settings, site, now }: CollectInput<FeedSettings, FeedCursor>,
  before: FeedCursor | null,
  result: FetchResult,
  parsed: ParsedFeed,
): Page<FeedCursor> {
  const { events, seen, cut, empty, newEmpty } = toEvents({
    items: parsed.items,
    kind: settings.kind,
    site,
    feedUrl: settings.url,
    seen: before?.seen ?? [],
  });
  const move = followMove(before, settings.url, result);
  const floor = floorMs(parsed.quietMs, result.headers);
  const hasNews = events.length > 0 || !before;
  const cursor: FeedCursor = {
    feed: settings.url,
    ...move.cursor,
    seen,
    changedAt: hasNews ? now().toISOString() : before.changedAt,
    floorMs: floor,
  };
  // with validators of a feed cut short, the site would answer that nothing is new until something is
  if (result.headers.etag && !parsed.isCutShort) cursor.etag = result.headers.etag;
  if (result.headers['last-modified'] && !parsed.isCutShort) cursor.lastModified = result.headers['last-modified'];
  const quietMs = hasNews ? quietAfterNews(before, floor, now()) : quietAfter(cursor, now());
  const notes = [...move.notes, ...notesOf(parsed, { cut, empty })];
  const page: Page<FeedCursor> = { events, cursor, quietForMs: quietFor(quietMs, result) };
  if (notes.length > 0) page.notes = notes;
  if (newEmpty > 0) page.empty = newEmpty;
  if (parsed.isCutShort) page.gap = { from: now(), to: now(), reason: 'cut_short' };
  return page;
}

function notesOf({ recovered, isCutShort }: ParsedFeed, { cut, empty }: { cut: number; empty: number }): SourceNote[] {
  const notes: SourceNote[] = [];
  if (cut > 0) notes.push({ code: 'cut_texts', detail: String(cut) });
  if (empty > 0) notes.push({ code: 'empty_items', detail: String(empty) });
  if (isCutShort) notes.push({ code: 'broken_feed', detail: 'the answer was cut short' });
  else if (recovered) notes.push({ code: 'broken_feed', detail: 'what could be read of it was' });
  return notes;
}

/** Counts how often the same permanent redirect was seen, and believes it in the end. */
function followMove(
  before: FeedCursor | null,
  typedUrl: string,
  { movedTo, url }: FetchResult,
): { cursor: Pick<FeedCursor, 'url' | 'moves'>; notes: SourceNote[] } {
  // the settings' address answered although the feed had moved: it is back
  const believed =
    before?.url !== undefined && (movedTo !== undefined || url !== webUrl(typedUrl)?.href) ? before.url : undefined;
  const kept = believed === undefined ? {} : { url: believed };
  if (movedTo === undefined) return { cursor: kept, notes: [] };
  const times = before?.moves?.url === movedTo ? before.moves.times + 1 : 1;
  if (times < MOVES_TO_BELIEVE) return { cursor: { ...kept, moves: { url: movedTo, times } }, notes: [] };
  return { cursor: { url: movedTo }, notes: [{ code: 'moved', detail: movedTo.slice(0, MAX_DETAIL) }] };
}

function forThisFeed(cursor: FeedCursor | null, url: string): FeedCursor | null {
  if (!cursor || cursor.feed === url) return cursor;
  return { feed: url, seen: cursor.seen, changedAt: cursor.changedAt, floorMs: cursor.floorMs };
}

function feedBytes({ body, headers, url }: FetchResult) {
  const contentType = headers['content-type'];
  return { bytes: body, url, ...(contentType === undefined ? {} : { contentType }) };
}

function quietFor(quietMs: number, { retryAfterMs }: FetchResult): number {
  return Math.max(quietMs, retryAfterMs ?? 0);
}
