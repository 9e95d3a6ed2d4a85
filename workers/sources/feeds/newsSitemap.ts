/**
 * Reads a news sitemap (`<urlset xmlns:news=…>`), which many newspapers serve where their feeds are closed.
 * Called by feeds/parse.ts. Try it: `parseNewsSitemap(text)?.items.length`.
 */
import sax from 'sax';
import type { RawFeed, RawItem } from './parsed.ts';

const NEWS_NAMESPACE = /^https?:\/\/www\.google\.com\/schemas\/sitemap-news\//;

/** `feed`: a news sitemap. `plain`: a sitemap without news or an index of sitemaps. undefined: neither. */
export type SitemapReading = { kind: 'feed'; feed: RawFeed } | { kind: 'plain' } | undefined;

/** Lenient: what is broken ends the reading, and the items before it are kept. */
export function parseNewsSitemap(text: string): SitemapReading {
  if (!/<(?:[\w-]+:)?(urlset|sitemapindex)[\s>]/i.test(text.slice(0, 4096))) return undefined;
  const items: RawItem[] = [];
  let item: RawItem | undefined;
  let value = '';
  let hasNews = false;
  const parser = sax.parser(true, { xmlns: true, trim: true });
  parser.onopentag = (tag) => {
    value = '';
    if (!('local' in tag)) return;
    if (tag.local === 'url') item = {};
    if (tag.local === 'news' && NEWS_NAMESPACE.test(tag.uri)) hasNews = true;
  };
  parser.ontext = (text) => {
    value += text;
  };
  parser.oncdata = (text) => {
    value += text;
  };
  parser.onclosetag = (name) => {
    const [local = '', prefix] = name.split(':').reverse();
    if (local === 'url' && item) {
      if (item.link && item.title) items.push(item);
      item = undefined;
    } else if (item) setField(item, prefix ? `news:${local}` : local, value);
    value = '';
  };
  parser.onerror = () => {
    Object.assign(parser, { error: null }); // as sax asks for; its types do not know
    parser.resume();
  };
  parser.write(text).close();
  return hasNews || items.length > 0 ? { kind: 'feed', feed: { items } } : { kind: 'plain' };
}

function setField(item: RawItem, name: string, value: string): void {
  if (value === '') return;
  if (name === 'loc') item.link = value;
  else if (name === 'news:title') item.title = value;
  else if (name === 'news:publication_date') item.published = value;
  else if (name === 'news:language') item.language = value;
  else if (name === 'lastmod') item.updated = value;
}
