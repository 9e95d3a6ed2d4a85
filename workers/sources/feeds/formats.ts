/**
 * Maps each feed format, as feedsmith reads it, to one shape. Called by feeds/parse.ts.
 * Try it: `readWithFeedsmith('<rss version="2.0"><channel><title>t</title>…')`.
 */
import { type AtomFeed, type JsonFeed, parseFeed, type RdfFeed, type RssFeed } from 'feedsmith';
import { looksLikeHtml } from './htmlText.ts';
import type { RawFeed, RawItem } from './parsed.ts';

const PERIOD_MS: Record<string, number> = {
  hourly: 3_600_000,
  daily: 86_400_000,
  weekly: 7 * 86_400_000,
  monthly: 30 * 86_400_000,
  yearly: 365 * 86_400_000,
};

/** Throws feedsmith's own errors when it does not understand the text. */
export function readWithFeedsmith(text: string): RawFeed {
  const parsed = parseFeed(text);
  switch (parsed.format) {
    case 'rss':
      return fromRss(parsed.feed);
    case 'rdf':
      return fromRdf(parsed.feed);
    case 'atom':
      return fromAtom(parsed.feed);
    case 'json':
      return fromJson(parsed.feed);
  }
}

/** How long `sy:updatePeriod` and `sy:updateFrequency` ask to wait, in milliseconds. */
export function updatePeriodMs(period: string | undefined, frequency: number | undefined): number | undefined {
  const periodMs = PERIOD_MS[period?.trim().toLowerCase() ?? ''];
  return periodMs === undefined ? undefined : periodMs / Math.max(1, frequency ?? 1);
}

function fromRss(feed: RssFeed.Feed<string>): RawFeed {
  const ttlMs = feed.ttl === undefined ? undefined : feed.ttl * 60_000;
  const period = updatePeriodMs(feed.sy?.updatePeriod, feed.sy?.updateFrequency);
  return {
    link: feed.link ?? alternate(feed.atom?.links),
    base: feed.xml?.base,
    language: feed.language ?? feed.dc?.languages?.[0] ?? feed.xml?.lang,
    quietMs: ttlMs ?? period,
    items: (feed.items ?? []).map(fromRssItem),
  };
}

function fromRssItem(item: RssFeed.Item<string>): RawItem {
  const { guid } = item;
  const isPermalink = guid?.isPermaLink !== false && /^https?:\/\//i.test(guid?.value ?? '');
  const [author] = item.authors ?? [];
  return {
    id: guid?.value,
    link: item.link ?? alternate(item.atom?.links) ?? (isPermalink ? guid?.value : undefined),
    base: item.xml?.base,
    title: item.title ?? item.dc?.titles?.[0],
    body: longest(item.content?.encoded, item.description ?? item.dc?.descriptions?.[0]),
    published: item.pubDate ?? item.dc?.dates?.[0] ?? item.dcterms?.created?.[0] ?? item.atom?.published,
    updated: item.atom?.updated ?? item.dcterms?.modified?.[0],
    authorId: author?.link ?? author?.email,
    authorName: item.dc?.creators?.[0] ?? author?.name,
    replyTo: item.thr?.inReplyTos?.[0]?.ref,
    language: item.dc?.languages?.[0] ?? item.xml?.lang,
  };
}

function fromRdf(feed: RdfFeed.Feed<string>): RawFeed {
  return {
    link: feed.link,
    base: feed.xml?.base,
    language: feed.dc?.languages?.[0] ?? feed.xml?.lang,
    quietMs: updatePeriodMs(feed.sy?.updatePeriod, feed.sy?.updateFrequency),
    items: (feed.items ?? []).map((item) => ({
      id: item.rdf?.about,
      link: item.link ?? item.rdf?.about,
      base: item.xml?.base,
      title: item.title ?? item.dc?.titles?.[0],
      body: longest(item.content?.encoded, item.description ?? item.dc?.descriptions?.[0]),
      published: item.dc?.dates?.[0] ?? item.dcterms?.created?.[0],
      updated: item.dcterms?.modified?.[0],
      authorName: item.dc?.creators?.[0],
      language: item.dc?.languages?.[0] ?? item.xml?.lang,
    })),
  };
}

function fromAtom(feed: AtomFeed.Feed<string>): RawFeed {
  return {
    link: alternate(feed.links),
    base: feed.xml?.base,
    language: feed.xml?.lang ?? feed.dc?.languages?.[0],
    quietMs: updatePeriodMs(feed.sy?.updatePeriod, feed.sy?.updateFrequency),
    items: (feed.entries ?? []).map((entry) => fromEntry(entry, feed.authors)),
  };
}

function fromEntry(entry: AtomFeed.Entry<string>, feedAuthors: AtomFeed.Feed<string>['authors']): RawItem {
  const body = [entry.content, entry.summary].find((part) => part?.value);
  const [author] = entry.authors ?? entry.source?.authors ?? feedAuthors ?? [];
  const isText = body?.type === undefined || body.type === 'text' || body.type === 'text/plain';
  return {
    id: entry.id,
    link: alternate(entry.links),
    base: entry.xml?.base,
    // `type="text"` means that `<` is meant as such: escaped, it survives the cleaning of titles
    title: entry.title?.type === 'text' ? escapeUnlessHtml(entry.title.value) : entry.title?.value,
    body: body?.value,
    isPlain: isText && !looksLikeHtml(body?.value ?? ''),
    published: entry.published ?? entry.dc?.dates?.[0],
    updated: entry.updated,
    authorId: author?.uri ?? author?.email,
    authorName: author?.name ?? entry.dc?.creators?.[0],
    replyTo: entry.thr?.inReplyTos?.[0]?.ref,
    language: entry.content?.xml?.lang ?? entry.xml?.lang,
  };
}

function fromJson(feed: JsonFeed.Feed<string>): RawFeed {
  return {
    link: feed.home_page_url,
    language: feed.language,
    items: (feed.items ?? []).map((item) => {
      const [author] = item.authors ?? feed.authors ?? [];
      return {
        id: item.id,
        link: item.url ?? item.external_url,
        title: item.title,
        body: item.content_html ?? item.content_text ?? item.summary,
        isPlain: item.content_html === undefined,
        published: item.date_published,
        updated: item.date_modified,
        authorId: author?.url,
        authorName: author?.name,
        language: item.language,
      };
    }),
  };
}

interface AnyLink {
  href?: string;
  rel?: string;
}

/** The link to the page itself, not to the feed, an image or a licence. */
function alternate(links: readonly AnyLink[] | undefined): string | undefined {
  const found = links?.find(({ rel }) => rel === undefined || rel === 'alternate');
  return found?.href;
}

function longest(first: string | undefined, second: string | undefined): string | undefined {
  return (first?.length ?? 0) >= (second?.length ?? 0) ? first : second;
}

function escapeUnlessHtml(text: string): string {
  return looksLikeHtml(text) ? text : text.replaceAll('<', '&lt;');
}
