/**
 * From bytes to clean items: decode, look over, parse by the right reader, strip HTML, resolve links.
 * Called in the parse thread (parseThread.ts) only, since a hostile feed may take its time.
 * Try it: `await parseFeed({ bytes, url: 'https://example.ma/feed' })`.
 */
import { SourceError } from '../../../shared/errors.ts';
import { decodeBytes } from '../../fetch/decode.ts';
import { wholeItemsOf } from './cutShort.ts';
import { parseDate } from './dates.ts';
import { readWithFeedsmith } from './formats.ts';
import { htmlToText, plainToText, titleToText, wellFormed } from './htmlText.ts';
import { readLeniently } from './lenient.ts';
import { parseNewsSitemap } from './newsSitemap.ts';
import type { FeedItem, ParsedFeed, RawFeed, RawItem } from './parsed.ts';
import { prescan } from './prescan.ts';
import { webUrl } from './url.ts';

export interface FeedBytes {
  bytes: Uint8Array;
  /** The HTTP header. */
  contentType?: string;
  /** Where the bytes came from: the last thing that relative links are resolved against. */
  url: string;
}

/** Throws SourceError `not_a_feed` for something else than a feed, `malformed` for one too broken or too tricky. */
export async function parseFeed({ bytes, contentType, url }: FeedBytes): Promise<ParsedFeed> {
  const text = wellFormed(decodeBytes(bytes, contentType).text).trim();
  if (text === '') throw new SourceError('not_a_feed', `${hostOf(url)} answered with an empty page`);
  prescan(text);
  const cut = wholeItemsOf(text);
  const { feed, recovered } = await readRaw(cut?.text ?? text, url);
  // without its end an item may lack its id or half its link: stored so, it would come again as another post
  const items = cut && !cut.hasItems ? [] : feed.items;
  const parsed: ParsedFeed = { items: items.map((item) => cleanItem(item, feed, url)), recovered };
  if (cut) parsed.isCutShort = true;
  if (feed.quietMs !== undefined && feed.quietMs > 0) parsed.quietMs = feed.quietMs;
  return parsed;
}

async function readRaw(text: string, url: string): Promise<{ feed: RawFeed; recovered: boolean }> {
  const sitemap = parseNewsSitemap(text);
  if (sitemap?.kind === 'feed') return { feed: sitemap.feed, recovered: false };
  if (sitemap) throw new SourceError('not_a_feed', `${hostOf(url)} has a sitemap here, but not one of news`);
  try {
    return { feed: readWithFeedsmith(text), recovered: false };
  } catch {
    if (isWebPage(text)) throw webPage(text, url);
    if (/^[{[]/.test(text)) throw notAFeed(url);
  }
  try {
    const feed = await readLeniently(text, url);
    const isEmpty = feed.items.length === 0;
    if (!isEmpty || !/<(?:[\w-]+:)?(item|entry)[\s>]/i.test(text)) return { feed, recovered: !isEmpty };
    throw new SourceError('malformed', `the feed of ${hostOf(url)} breaks off before its first item`);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const isBroken = /<(?:[\w-]+:)?(rss|feed|rdf|channel)[\s>]/i.test(text);
    if (isBroken) throw new SourceError('malformed', `the feed of ${hostOf(url)} is too broken to be read`);
    throw notAFeed(url);
  }
}

function cleanItem(item: RawItem, feed: RawFeed, url: string): FeedItem {
  const feedBase = webUrl(feed.base ?? '', url)?.href ?? webUrl(feed.link ?? '', url)?.href ?? url;
  const base = webUrl(item.base ?? '', feedBase)?.href ?? feedBase;
  const published = parseDate(item.published)?.toISOString();
  const updated = parseDate(item.updated)?.toISOString();
  return {
    title: titleToText(item.title ?? ''),
    text: item.isPlain ? plainToText(item.body ?? '') : htmlToText(item.body ?? ''),
    ...known('id', oneLine(item.id)),
    ...known('link', webUrl(item.link ?? '', base)?.href),
    ...known('published', published),
    ...known('updated', updated),
    ...known('authorId', oneLine(item.authorId)),
    ...known('authorName', titleToText(item.authorName ?? '')),
    ...known('replyTo', oneLine(item.replyTo)),
    ...known('language', languageTag(item.language ?? feed.language)),
  };
}

function known<K extends keyof FeedItem>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const entry: Partial<Record<K, string>> = {};
  if (value) entry[key] = value;
  return entry;
}

function oneLine(text: string | undefined): string {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

/** `fr_FR` and `FR` are written too. undefined for what is no tag. */
function languageTag(text: string | undefined): string | undefined {
  const tag = text?.trim().replaceAll('_', '-').toLowerCase();
  return tag && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/.test(tag) && tag.length <= 35 ? tag : undefined;
}

function isWebPage(text: string): boolean {
  return /^(<\?xml[^>]*>|<!--[\s\S]*?-->|\s)*(<!doctype html|<html[\s>])/i.test(text.slice(0, 20_000));
}

/** Names the feed that the page announces: what a person pasted is mostly the site's front page. */
function webPage(text: string, url: string): SourceError {
  const tags = text.slice(0, 200_000).match(/<link\b[^>]*>/gi) ?? [];
  const tag = tags.find((candidate) => /type\s*=\s*["']?application\/(rss|atom)\+xml/i.test(candidate));
  const [, href] = /href\s*=\s*["']?([^"'\s>]+)/i.exec(tag ?? '') ?? [];
  const feed = webUrl(href?.replaceAll('&amp;', '&') ?? '', url)?.href;
  const hint = feed && feed.length <= 300 ? `; it names its feed: ${feed}` : '';
  return new SourceError('not_a_feed', `${hostOf(url)} has a web page here, not a feed${hint}`);
}

function notAFeed(url: string): SourceError {
  return new SourceError('not_a_feed', `what ${hostOf(url)} sent is not a feed`);
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : 'the site';
}
