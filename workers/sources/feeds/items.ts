/**
 * Turns the items of a feed into events: what is new, what was edited, and what the next visit must remember.
 * Pure. Called by sources/feed.ts.
 * Try it: `toEvents({ items, kind: 'article', site: 'example.ma', feedUrl, seen: [] })`.
 */
import { createHash } from 'node:crypto';
import { type CollectedEvent, type CollectedPost, MAX_TEXT } from '../../../shared/contracts/collected.ts';
import { cutAtCodePoint, wellFormed } from './htmlText.ts';
import type { FeedItem } from './parsed.ts';
import { canonicalUrl, webUrl } from './url.ts';

const MAX_KEY = 512;
const MAX_TITLE = 2_000;
const MAX_URL = 2_048;
const MAX_NAME = 200;
const SEEN_KEPT = 500;
const BARE_ID_LENGTH = 20;
/** Stands for the hash of no text. */
const EMPTY = '';

export type FeedKind = 'article' | 'post' | 'comment';
/** External id and hash of the text. */
export type Seen = [key: string, hash: string];

export interface EventsInput {
  items: readonly FeedItem[];
  kind: FeedKind;
  site: string;
  /** As in the settings, so that it never changes. */
  feedUrl: string;
  /** Oldest first. */
  seen: readonly Seen[];
}

export interface Events {
  events: CollectedEvent[];
  seen: Seen[];
  /** Texts that were longer than is kept. */
  cut: number;
  /** Items with neither title nor text. */
  empty: number;
  /** Those of them that were not known from a visit before. */
  newEmpty: number;
}

/** A key known with the same text gives no event, with another text an `edit`, an unknown one a `post`. */
export function toEvents({ items, kind, site, feedUrl, seen }: EventsInput): Events {
  const result: Events = { events: [], seen: [], cut: 0, empty: 0, newEmpty: 0 };
  const before = new Map(seen);
  const now = new Map<string, string>();
  const clashing = clashingIds(items);
  const emptyKeys: string[] = [];
  for (const item of items) {
    const text = textOf(item, kind);
    const key = keyOf(item, kind, { site, feedUrl, isIdUsable: item.id !== undefined && !clashing.has(item.id) });
    if (text === '') {
      emptyKeys.push(key);
      continue;
    }
    if (now.has(key)) continue; // the feed repeats itself
    const hash = sha256(text).slice(0, 16);
    now.set(key, hash);
    const known = before.get(key);
    if (known === hash) continue;
    if (text.length > MAX_TEXT) result.cut += 1;
    const post = toPost(item, { key, text, kind, site });
    result.events.push({ type: known === undefined ? 'post' : 'edit', post });
  }
  result.empty = emptyKeys.length;
  for (const key of emptyKeys) {
    if (now.has(key)) continue;
    if (!before.has(key)) result.newEmpty += 1;
    now.set(key, before.get(key) ?? EMPTY);
  }
  for (const key of now.keys()) before.delete(key);
  // what left the feed may come back: kept until newer keys push it out
  const kept = Math.max(SEEN_KEPT, items.length * 2);
  result.seen = [...before, ...[...now].reverse()].slice(-kept);
  return result;
}

interface PostParts {
  key: string;
  text: string;
  kind: FeedKind;
  site: string;
}

function toPost(item: FeedItem, { key, text, kind, site }: PostParts): CollectedPost {
  const post: CollectedPost = { site, external_id: key, kind, text: cutAtCodePoint(text, MAX_TEXT) };
  const title = cutAtCodePoint(item.title, MAX_TITLE);
  // a comment's title names its author and repeats the article's: no word of it is the comment's own
  if (title !== '' && kind !== 'comment') post.title = title;
  const url = linkOf(item, kind);
  if (url && url.length <= MAX_URL) post.url = url;
  const published = item.published ?? item.updated;
  if (published) post.published_at = published;
  if (item.updated && item.published && item.updated > item.published) post.edited_at = item.updated;
  post.thread = kind === 'comment' ? articleOf(item, key) : key;
  const author = item.authorId ?? item.authorName;
  if (author) post.author = shortKey(author);
  if (item.authorName) post.author_name = cutAtCodePoint(item.authorName, MAX_NAME);
  if (item.language) post.language_hint = item.language;
  return post;
}

function textOf(item: FeedItem, kind: FeedKind): string {
  const { title, text } = item;
  if (kind === 'comment' && text !== '') return text;
  if (title === '' || text === '') return title || text;
  // sites without titles of their own repeat the beginning of the text
  const isBeginning =
    text === title || (/(…|\.\.\.)$/.test(title) && text.startsWith(title.replace(/\s*(…|\.\.\.)$/, '')));
  return isBeginning ? text : `${title}\n\n${text}`;
}

interface KeyContext {
  site: string;
  feedUrl: string;
  isIdUsable: boolean;
}

function keyOf(item: FeedItem, kind: FeedKind, { site, feedUrl, isIdUsable }: KeyContext): string {
  if (item.id && isIdUsable) return shortKey(qualifiedId(item.id, site, feedUrl));
  const link = linkOf(item, kind);
  return link ? shortKey(link) : sha256(`${item.title || item.text}\n${item.published ?? ''}`);
}

/** `12345` means something else on each of a site's subdomains; a URL, a tag or a long token means one thing. */
function qualifiedId(id: string, site: string, feedUrl: string): string {
  const host = webUrl(feedUrl)?.hostname.replace(/^www\./, '') ?? site;
  const isBare = id.length < BARE_ID_LENGTH && !/[:/]/.test(id);
  return isBare && host !== site && host.endsWith(`.${site}`) ? `${host}/${id}` : id;
}

/** Ids that several different pages of one feed share, by a mistake of the site: they identify nothing. */
function clashingIds(items: readonly FeedItem[]): Set<string> {
  const pages = new Map<string, string>();
  const clashing = new Set<string>();
  for (const { id, link, title, text } of items) {
    if (id === undefined) continue;
    const page = link ?? `${title}\n${text}`;
    const other = pages.get(id);
    if (other !== undefined && other !== page) clashing.add(id);
    pages.set(id, page);
  }
  return clashing;
}

/** Canonical; a comment keeps its fragment, which is what tells it from its article. */
function linkOf({ link }: FeedItem, kind: FeedKind): string | undefined {
  const url = link === undefined ? undefined : canonicalUrl(link);
  const hash = link === undefined ? '' : (webUrl(link)?.hash ?? '');
  return url && kind === 'comment' ? url + hash : url;
}

/** What a comment is about: the post it answers, else its id or link without the comment's own part. */
function articleOf(item: FeedItem, key: string): string {
  if (item.replyTo && !/#comment-\d+$/.test(item.replyTo)) return shortKey(item.replyTo);
  const [, article] = /^(https?:.+)#comment-\d+$/.exec(item.id ?? '') ?? [];
  if (article) return shortKey(article);
  const page = item.link === undefined ? undefined : canonicalUrl(item.link);
  return page ? shortKey(page) : key;
}

function shortKey(text: string): string {
  const key = wellFormed(text).trim();
  return key.length > MAX_KEY ? sha256(key) : key;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
