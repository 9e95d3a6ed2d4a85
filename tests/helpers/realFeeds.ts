/**
 * Serves files of feeds as their sites did, and counts what is in them without any of the product's code.
 * Called by tests/e2e/real-input.test.ts.
 */
import { parseFeed } from 'feedsmith';
import type { FeedFile } from './corpora.ts';
import { type Site, serve } from './webServer.ts';

/** Files whose only item has neither title nor text, but a picture or an id: there is nothing to listen to in it. */
const WITHOUT_WORDS = new Set([
  'encoding_attribute_crash.xml',
  'encoding_attribute_crash_2.xml',
  'euc-kr-attribute.xml',
  'http_encoding_attribute_crash.xml',
  'missing-fields.atom',
]);

/**
 * Items without id, link and date are told apart by their words alone: this one writes the word of demoronize-2.xml with
 * a character of windows-1252, which is put right.
 */
const SAME_WORDS: Record<string, string> = { 'demoronize-3.xml': 'don’t' };

/** Serves the files under their names, with their headers; when `downAtFirst`, each is refused when it is first asked for. */
export async function serveFeeds(files: readonly FeedFile[], { downAtFirst = false } = {}): Promise<Site> {
  const byName = new Map(files.map((file) => [`/${file.name}`, file]));
  const down = new Set(downAtFirst ? byName.keys() : []);
  return serve((request, response) => {
    const path = request.url ?? '';
    const file = byName.get(path);
    if (down.delete(path)) return void response.writeHead(503, { 'retry-after': '1' }).end();
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, file.headers).end(file.bytes);
  });
}

/**
 * What is in the files, counted without any of the product's code: by feedsmith where that reads a file, else by the
 * tags that begin an item. All feeds have one host here, so items with the same id are one
 * post, in one feed (an episode of itunes-missing-image.rss is there twice) or in two.
 */
export function countItems(files: readonly FeedFile[]): { byFile: Record<string, number>; distinct: number } {
  const byFile: Record<string, number> = {};
  const keys = new Set<string>();
  for (const { name, bytes } of files) {
    const text = decodeWide(bytes);
    const found =
      keysByFeedsmith(text) ?? [...text.matchAll(/<(item|entry)[\s>]/g)].map((_, index) => `${name} ${index}`);
    const own = new Set(WITHOUT_WORDS.has(name) ? [] : found);
    for (const key of own) keys.add(SAME_WORDS[name] ?? key);
    byFile[name] = own.size;
  }
  return { byFile, distinct: keys.size };
}

function keysByFeedsmith(text: string): string[] | undefined {
  try {
    const { feed } = parseFeed(text) as { feed: { items?: AnyItem[]; entries?: AnyItem[] } };
    return (feed.items ?? feed.entries ?? []).map((item) =>
      String(item.guid?.value ?? item.id ?? item.rdf?.about ?? item.link ?? item.title ?? item.description),
    );
  } catch {
    return undefined;
  }
}

interface AnyItem {
  guid?: { value?: string };
  id?: string;
  rdf?: { about?: string };
  link?: string;
  title?: unknown;
  description?: string;
}

/** Good enough to count: the tags of an item are ASCII in every encoding of the corpus. */
function decodeWide(bytes: Buffer): string {
  const zeros = bytes.subarray(0, 64).reduce((n, byte) => (byte === 0 ? n + 1 : n), 0);
  return zeros > 8 ? bytes.toString('latin1').replaceAll('\0', '') : bytes.toString('utf8');
}
