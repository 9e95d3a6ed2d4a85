/**
 * A feed as plain data, whatever its format was: what the parsers hand over, and what the parse thread sends back.
 * Written by feeds/formats.ts, feeds/lenient.ts and feeds/newsSitemap.ts; read by feeds/parse.ts and feed.ts.
 */

/** What a parser found, still as the feed wrote it. */
export interface RawItem {
  /** guid or id. */
  id?: string | undefined;
  link?: string | undefined;
  /** What links in this item are relative to, if the item says. */
  base?: string | undefined;
  title?: string | undefined;
  body?: string | undefined;
  /** The body is not HTML. */
  isPlain?: boolean | undefined;
  published?: string | undefined;
  updated?: string | undefined;
  authorId?: string | undefined;
  authorName?: string | undefined;
  /** Id of the post this one answers. */
  replyTo?: string | undefined;
  language?: string | undefined;
}

export interface RawFeed {
  link?: string | undefined;
  base?: string | undefined;
  language?: string | undefined;
  /** How long the feed wants to be left alone between two visits. */
  quietMs?: number | undefined;
  items: RawItem[];
}

/** An item cleaned: text without HTML, absolute links, dates in ISO 8601 UTC. */
export interface FeedItem {
  id?: string;
  /** Absolute, as the feed gives it: not canonical. */
  link?: string;
  title: string;
  text: string;
  published?: string;
  updated?: string;
  authorId?: string;
  authorName?: string;
  replyTo?: string;
  language?: string;
}

export interface ParsedFeed {
  items: FeedItem[];
  quietMs?: number;
  /** The feed is broken; what could be read of it was. */
  recovered: boolean;
  /** The end of the feed is missing: its items are the whole ones that were there. */
  isCutShort?: true;
}
