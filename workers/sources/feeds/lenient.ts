/**
 * The second reader, for feeds that the first one rejects: it takes nearly anything, broken XML included.
 * Called by feeds/parse.ts on feedsmith's error only, since it is slow on hostile input.
 * Try it: `await readLeniently(text, 'https://example.ma/feed')`.
 */
import FeedParser from 'feedparser';
import { updatePeriodMs } from './formats.ts';
import type { RawFeed, RawItem } from './parsed.ts';

/** Resolves with the items before the first place where nothing more could be read; rejects when it is no feed. */
export function readLeniently(text: string, feedUrl: string): Promise<RawFeed> {
  return new Promise((resolve, reject) => {
    const parser = new FeedParser({ feedurl: feedUrl, addmeta: false, resume_saxerror: true });
    const items: RawItem[] = [];
    let failure: Error | undefined;
    parser.on('error', (error) => {
      failure = error;
      // a feed was begun: keep what was read of it
      if (items.length === 0) reject(error);
    });
    parser.on('readable', () => {
      for (let item = parser.read(); item; item = parser.read()) items.push(fromItem(item));
    });
    parser.on('end', () => {
      const { meta } = parser;
      if (!meta) return reject(failure ?? new Error('not a feed'));
      const ttl = Number(textOf(meta['rss:ttl'])) * 60_000;
      const period = updatePeriodMs(textOf(meta['sy:updateperiod']), Number(textOf(meta['sy:updatefrequency'])) || 1);
      resolve({
        link: meta.link ?? undefined,
        language: meta.language ?? undefined,
        quietMs: ttl > 0 ? ttl : period,
        items,
      });
    });
    parser.end(text);
  });
}

function fromItem(item: FeedParser.Item): RawItem {
  return {
    id: item.guid ?? undefined,
    link: item.link ?? undefined,
    title: item.title ?? undefined,
    body: item.description ?? item.summary ?? undefined,
    published: dateOf(item, ['rss:pubdate', 'atom:published', 'atom:issued', 'dc:date', 'pubdate']),
    updated: dateOf(item, ['atom:updated', 'atom:modified', 'dcterms:modified']),
    authorName: item.author ?? undefined,
    language: textOf(item['dc:language']),
  };
}

/** As the feed wrote it; the parser's own reading of dates knows fewer forms than ours. */
function dateOf(item: FeedParser.Item, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value: unknown = item[name];
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
    const text = textOf(value);
    if (text) return text;
  }
  return undefined;
}

/** The text of an element as feedparser keeps it: `{ '#': text }`, or a list of those. */
function textOf(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== 'object' || first === null || !('#' in first)) return undefined;
  const text = first['#'];
  return typeof text === 'string' ? text : undefined;
}
