/**
 * Tells a feed whose end never came from a whole one, however well a parser copes with either. Called by feeds/parse.ts.
 * Try it: `wholeItemsOf('<rss><channel><item><title>a</title></item><item>')?.text` ends with the first `</item>`.
 */

/** The roots of what is read as a feed, and what their items are called. */
const ITEM_OF: Record<string, string> = { rss: 'item', rdf: 'item', channel: 'item', feed: 'entry', urlset: 'url' };
const ROOT = /<((?:[\w.-]+:)?(rss|rdf|channel|feed|urlset))(?:\s[^>]*|\/)?>/i;

export interface WholeItems {
  /** The feed up to the end of its last whole item; all of it when none is whole. */
  text: string;
  hasItems: boolean;
}

/** What can be trusted of a feed that was cut short. undefined when it is whole, JSON, or no feed at all. */
export function wholeItemsOf(text: string): WholeItems | undefined {
  if (/^\s*[{[]/.test(text)) return undefined;
  const [tag, root, kind] = ROOT.exec(text) ?? [];
  const item = ITEM_OF[kind?.toLowerCase() ?? ''];
  if (!root || !item || tag?.endsWith('/>') || isClosed(text, root, item)) return undefined;
  const end = lastEndOf(text, `(?:[\\w.-]+:)?${item}`);
  return end === undefined ? { text, hasItems: false } : { text: text.slice(0, end), hasItems: true };
}

/** Whatever follows a root's end (comments of caches, scripts of hosts) is no matter, unless it is another item. */
function isClosed(text: string, root: string, item: string): boolean {
  const end = lastEndOf(text, root);
  if (end === undefined) return false;
  const section = text.lastIndexOf('<![CDATA[', end);
  const isQuoted = section >= 0 && !text.slice(section, end).includes(']]>');
  const rest = text.slice(end).replace(/<!--[\s\S]*?(-->|$)/g, '');
  return !isQuoted && !new RegExp(`<(?:[\\w.-]+:)?${item}[\\s>]`, 'i').test(rest);
}

/** Where the last end tag of that name is over. `name` is a pattern without groups. */
function lastEndOf(text: string, name: string): number | undefined {
  let end: number | undefined;
  for (const found of text.matchAll(new RegExp(`</${name}\\s*>`, 'gi'))) end = found.index + found[0].length;
  return end;
}
