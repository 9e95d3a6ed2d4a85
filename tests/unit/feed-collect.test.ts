/** The feed source from a real server on 127.0.0.1 to events and cursor. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import catalogue from '../../infra/catalogue.json' with { type: 'json' };
import { CollectedEvent, MAX_TEXT } from '../../shared/contracts/collected.ts';
import { createFetcher, type Fetcher } from '../../workers/fetch/fetcher.ts';
import { FeedCursor, type FeedSettings, feed } from '../../workers/sources/feed.ts';
import type { Page } from '../../workers/sources/source.ts';
import { type Site, serve } from '../helpers/webServer.ts';

const DATA = new URL('../../../shared/data/feeds/', import.meta.url);
const TIMEOUT_MS = 90_000;
const START = new Date('2026-11-23T12:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** What the server answers at each path; a test fills it. */
const answers = new Map<string, Answer>();
let site: Site;
let fetcher: Fetcher;
let now = START;

beforeAll(async () => {
  site = await serve((request, response) => {
    const { status = 200, headers = {}, body = '' } = answers.get(request.url ?? '') ?? { status: 404 };
    const isKnown = headers.etag !== undefined && request.headers['if-none-match'] === headers.etag;
    response.writeHead(isKnown ? 304 : status, headers).end(isKnown ? undefined : body);
  });
  fetcher = createFetcher({
    userAgent: 'Sada/0.1 (+https://example.org)',
    allowPrivate: [site.hostAndPort],
    spacingMs: 0,
    now: () => now,
  });
});

afterAll(async () => {
  await fetcher.close();
  await site.close();
});

beforeEach(() => {
  answers.clear();
  now = START;
});

async function visit(
  cursor: FeedCursor | null = null,
  {
    path = '/feed',
    kind = 'article',
    signal,
  }: { path?: string; kind?: FeedSettings['kind']; signal?: AbortSignal } = {},
): Promise<Page<FeedCursor>> {
  const settings = feed.settings.parse({ url: site.url + path, kind });
  const pages: Page<FeedCursor>[] = [];
  const input = { settings, site: feed.siteOf(settings), fetch: fetcher, now: () => now };
  // a cursor comes back from the database as JSON
  const stored = cursor && FeedCursor.parse(JSON.parse(JSON.stringify(cursor)));
  for await (const page of feed.collect({ ...input, cursor: stored, signal: signal ?? new AbortController().signal })) {
    pages.push(page);
  }
  const [page] = pages;
  if (!page || pages.length > 1) throw new Error(`${pages.length} pages`);
  for (const event of page.events) CollectedEvent.parse(event);
  return page;
}

function posts(page: Page<FeedCursor>) {
  return page.events.map((event) => {
    if (event.type !== 'post' && event.type !== 'edit') throw new Error(event.type);
    return { type: event.type, ...event.post };
  });
}

interface Item {
  guid?: string;
  title?: string;
  text?: string;
  link?: string;
  more?: string;
}

function rss(items: Item[], channel = ''): string {
  const xml = items.map(
    ({ guid, title, text, link, more = '' }) =>
      `<item>${guid ? `<guid isPermaLink="false">${guid}</guid>` : ''}${title ? `<title>${title}</title>` : ''}
       ${link ? `<link>${link}</link>` : ''}${text ? `<description><![CDATA[${text}]]></description>` : ''}${more}</item>`,
  );
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>J</title><link>https://example.ma/</link>
    <description>d</description>${channel}${xml.join('')}</channel></rss>`;
}

function putFeed(items: Item[], more: Answer & { channel?: string } = {}): void {
  answers.set('/feed', { body: rss(items, more.channel), ...more });
}

describe('a visit', { timeout: TIMEOUT_MS }, () => {
  test('gives each item as a post', async () => {
    putFeed(
      [
        {
          guid: 'https://example.ma/?p=1',
          title: 'Un titre',
          text: '<p>Un texte</p>',
          link: 'https://www.example.ma/a/?utm_source=rss',
          more: '<pubDate>Mon, 23 Nov 2026 11:00:00 +0100</pubDate><author>ali@example.ma (Ali)</author>',
        },
      ],
      { channel: '<language>fr</language>' },
    );
    expect((await visit()).events).toEqual([
      {
        type: 'post',
        post: {
          site: site.hostAndPort,
          external_id: 'https://example.ma/?p=1',
          kind: 'article',
          title: 'Un titre',
          text: 'Un titre\n\nUn texte',
          url: 'https://example.ma/a',
          published_at: '2026-11-23T10:00:00.000Z',
          thread: 'https://example.ma/?p=1',
          author: 'ali@example.ma',
          author_name: 'Ali',
          language_hint: 'fr',
        },
      },
    ]);
  });

  test('gives what is new as posts, what was edited as edits, and nothing else', async () => {
    putFeed([
      { guid: 'a1', title: 'Un', text: 'x' },
      { guid: 'a2', title: 'Deux', text: 'x' },
    ]);
    const first = await visit();
    putFeed([
      { guid: 'a3', title: 'Trois', text: 'x' },
      { guid: 'a2', title: 'Deux, corrigé', text: 'x' },
      { guid: 'a1', title: 'Un', text: 'x', link: 'https://example.ma/moved' },
    ]);
    const second = await visit(first.cursor);
    expect(posts(second).map(({ type, external_id }) => [type, external_id])).toEqual([
      ['post', 'a3'],
      ['edit', 'a2'],
    ]);
    expect((await visit(second.cursor)).events).toEqual([]);
  });

  test('knows an item again that left the feed and came back', async () => {
    putFeed([{ guid: 'a1', title: 'Un' }]);
    const first = await visit();
    putFeed([{ guid: 'a2', title: 'Deux' }]);
    const second = await visit(first.cursor);
    putFeed([{ guid: 'a1', title: 'Un' }]);
    expect((await visit(second.cursor)).events).toEqual([]);
  });

  test('remembers some 500 items, and twice as many as the feed is long', async () => {
    const many = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({ guid: `n${from + index}`, title: 'x' }));
    putFeed(many(0, 10));
    const first = await visit();
    putFeed(many(10, 400));
    const second = await visit(first.cursor);
    putFeed(many(410, 400));
    const third = await visit(second.cursor);
    expect(third.cursor.seen.length).toBe(800);
    putFeed(many(810, 1));
    const fourth = await visit(third.cursor);
    expect(fourth.cursor.seen.length).toBe(500);
    expect(fourth.cursor.seen.at(-1)?.[0]).toBe('n810');
  });

  test('an empty feed is fine', async () => {
    putFeed([]);
    expect(await visit()).toMatchObject({ events: [], cursor: { seen: [] } });
  });

  test('items without any text are left out and counted', async () => {
    putFeed([{ guid: 'a1' }, { guid: 'a2', title: 'Deux' }]);
    const page = await visit();
    expect(posts(page).map(({ external_id }) => external_id)).toEqual(['a2']);
    expect(page.notes).toEqual([{ code: 'empty_items', detail: '1' }]);
    expect(page.empty).toBe(1);
  });

  test('an item without any text is counted once however often it is seen, and is a post when it has one', async () => {
    const link = 'https://example.ma/1';
    putFeed([{ guid: 'a1', link }, { guid: 'a1', title: 'Un', link }, { guid: 'a2' }, { guid: 'a2' }]);
    const first = await visit();
    expect(posts(first).map(({ external_id }) => external_id)).toEqual(['a1']);
    expect(first.empty).toBe(1);
    const second = await visit(first.cursor);
    expect(second).toMatchObject({ events: [], notes: [{ code: 'empty_items', detail: '3' }] });
    expect(second.empty).toBeUndefined();
    putFeed([
      { guid: 'a2', title: 'Deux' },
      { guid: 'a1', link },
    ]);
    const third = await visit(second.cursor);
    expect(posts(third).map(({ external_id }) => external_id)).toEqual(['a2']);
    putFeed([{ guid: 'a1', title: 'Un', link }]);
    expect((await visit(third.cursor)).events).toEqual([]); // it is known although it was empty in between
  });

  test('a text that is too long is cut at a whole character and noted', async () => {
    putFeed([{ guid: 'a1', title: 't', text: `${'x'.repeat(MAX_TEXT - 4)}😀😀` }]);
    const page = await visit();
    const [post] = posts(page);
    expect(post?.text.length).toBe(MAX_TEXT - 1);
    expect(post?.text.isWellFormed()).toBe(true);
    expect(page.notes).toEqual([{ code: 'cut_texts', detail: '1' }]);
  });

  test('a date before 1995 is dropped, one in the future is left to others', async () => {
    putFeed([
      { guid: 'a1', title: 'x', more: '<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>' },
      { guid: 'a2', title: 'x', more: '<pubDate>Thu, 01 Jan 2099 00:00:00 GMT</pubDate>' },
    ]);
    expect(posts(await visit()).map((post) => post.published_at)).toEqual([undefined, '2099-01-01T00:00:00.000Z']);
  });

  test('a post is edited when Atom says that it was updated later', async () => {
    const entry = (id: string, updated: string) =>
      `<entry><id>urn:${id}</id><title>t</title><published>2026-11-23T10:00:00Z</published><updated>${updated}</updated></entry>`;
    answers.set('/feed', {
      body: `<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:f</id><updated>2026-11-23T10:00:00Z</updated>
        ${entry('1', '2026-11-23T10:00:00Z')}${entry('2', '2026-11-23T11:00:00Z')}</feed>`,
    });
    expect(posts(await visit()).map((post) => post.edited_at)).toEqual([undefined, '2026-11-23T11:00:00.000Z']);
  });

  test('that is stopped gives no page and no error', async () => {
    const stop = AbortSignal.abort();
    await expect(visit(null, { signal: stop })).rejects.toThrow('0 pages');
  });
});

describe('identity', { timeout: TIMEOUT_MS }, () => {
  test('is the guid, else the canonical link, else a hash of title and date', async () => {
    const date = '<pubDate>Mon, 23 Nov 2026 10:00:00 GMT</pubDate>';
    putFeed([
      { guid: 'g', title: 'x', link: 'https://example.ma/a' },
      { title: 'x', link: 'https://www.example.ma/b/?utm_medium=x' },
      { title: 'sans lien', more: date },
    ]);
    const [first, second, third] = posts(await visit()).map((post) => post.external_id);
    expect([first, second]).toEqual(['g', 'https://example.ma/b']);
    expect(third).toMatch(/^[0-9a-f]{64}$/);
    putFeed([{ title: 'sans lien', text: 'un texte', more: date }]);
    expect(posts(await visit()).map((post) => post.external_id)).toEqual([third]);
  });

  test('a very long guid is hashed', async () => {
    putFeed([{ guid: 'g'.repeat(513), title: 'x' }]);
    expect(posts(await visit())[0]?.external_id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a guid that all items share identifies none', async () => {
    putFeed([
      { guid: 'same', title: 'un', link: 'https://example.ma/1' },
      { guid: 'same', title: 'deux', link: 'https://example.ma/2' },
    ]);
    const first = await visit();
    expect(posts(first).map((post) => post.external_id)).toEqual(['https://example.ma/1', 'https://example.ma/2']);
    expect((await visit(first.cursor)).events).toEqual([]);
  });

  test.each([
    ['https://www.hespress.com/feed', 'hespress.com'],
    ['https://fr.le360.ma/rss', 'le360.ma'],
    ['https://presse.gov.ma/rss', 'presse.gov.ma'],
    ['https://un-blog.blogspot.com/feeds/posts/default', 'un-blog.blogspot.com'],
    ['http://127.0.0.1:8080/feed', '127.0.0.1:8080'],
    ['http://localhost/feed', 'localhost'],
  ])('the site of %s is %s', (url, expected) => {
    expect(feed.siteOf({ url, kind: 'article' })).toBe(expected);
  });
});

describe('comments', { timeout: TIMEOUT_MS }, () => {
  test('share the thread of their article, and keep its title out of their text', async () => {
    putFeed([
      {
        guid: 'https://example.ma/?p=1#comment-7',
        title: 'Commentaires sur X par Ali',
        text: 'Bravo',
        link: 'https://example.ma/x/#comment-7',
      },
      { guid: 'c8', title: 'Par : Samira', text: 'واخا', link: 'https://example.ma/x/#comment-8' },
    ]);
    const [first, second] = posts(await visit(null, { kind: 'comment' }));
    expect(first).toMatchObject({ kind: 'comment', text: 'Bravo', thread: 'https://example.ma/?p=1' });
    expect(first?.title).toBeUndefined();
    expect(second).toMatchObject({ thread: 'https://example.ma/x', url: 'https://example.ma/x#comment-8' });
  });
});

describe('asking again', { timeout: TIMEOUT_MS }, () => {
  test('304 gives no events and the same cursor', async () => {
    putFeed([{ guid: 'a1', title: 'x' }], {
      headers: { etag: 'W/"x"', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' },
    });
    const first = await visit();
    expect(first.cursor).toMatchObject({ etag: 'W/"x"', lastModified: 'Mon, 23 Nov 2026 10:00:00 GMT' });
    const second = await visit(first.cursor);
    expect(second.events).toEqual([]);
    expect(second.cursor).toEqual(first.cursor);
    expect(second.quietForMs).toBe(5 * MINUTE_MS);
  });

  test('the wait grows with the silence up to 6 h, and falls when something comes', async () => {
    putFeed([{ guid: 'a1', title: 'x' }], { headers: { etag: '"x"' } });
    const { cursor } = await visit();
    const waits: (number | undefined)[] = [];
    for (const hours of [2, 8, 100]) {
      now = new Date(START.getTime() + hours * HOUR_MS);
      waits.push((await visit(cursor)).quietForMs);
    }
    expect(waits).toEqual([0.5 * HOUR_MS, 2 * HOUR_MS, 6 * HOUR_MS]);
    putFeed([{ guid: 'a2', title: 'x' }]);
    const news = await visit(cursor);
    expect(news.quietForMs).toBe(3 * HOUR_MS);
    expect((await visit(news.cursor)).quietForMs).toBe(5 * MINUTE_MS);
  });

  test.each([
    ['its ttl', '<ttl>45</ttl>', {}, 45 * MINUTE_MS],
    ['its max-age', '', { 'cache-control': 'public, max-age=1200' }, 20 * MINUTE_MS],
    ['an absurd ttl', '<ttl>999999</ttl>', {}, 6 * HOUR_MS],
    ['a hasty ttl', '<ttl>1</ttl>', {}, 5 * MINUTE_MS],
  ])('the wait respects %s', async (_name, channel, headers: Record<string, string>, expected) => {
    putFeed([{ guid: 'a1', title: 'x' }], { channel, headers: { ...headers, etag: '"x"' } });
    const first = await visit();
    expect(first.quietForMs).toBe(expected);
    expect((await visit(first.cursor)).quietForMs).toBe(expected);
  });

  test('a permanent move is believed the third time', async () => {
    answers.set('/feed', { status: 301, headers: { location: '/new' } });
    answers.set('/new', { body: rss([{ guid: 'a1', title: 'x' }]) });
    const first = await visit();
    const second = await visit(first.cursor);
    expect(second.cursor.url).toBeUndefined();
    expect(second.cursor.moves).toEqual({ url: `${site.url}/new`, times: 2 });
    const third = await visit(second.cursor);
    expect(third.cursor.url).toBe(`${site.url}/new`);
    expect(third.notes).toEqual([{ code: 'moved', detail: `${site.url}/new` }]);
    const before = site.asked.length;
    const fourth = await visit(third.cursor);
    expect(site.asked.slice(before)).toEqual(['/new']);
    expect(fourth.cursor.url).toBe(`${site.url}/new`);
  });

  test('a move that leads nowhere in the end is forgotten', async () => {
    putFeed([{ guid: 'a1', title: 'x' }]);
    const { cursor } = await visit();
    const page = await visit({ ...cursor, url: `${site.url}/vanished` });
    expect(page.cursor.url).toBeUndefined();
  });

  test('another address in the settings is not asked with the old validators', async () => {
    putFeed([{ guid: 'a1', title: 'x' }], { headers: { etag: '"same"' } });
    answers.set('/other', { body: rss([{ guid: 'a2', title: 'x' }]), headers: { etag: '"same"' } });
    const { cursor } = await visit();
    expect(posts(await visit(cursor, { path: '/other' })).map((post) => post.external_id)).toEqual(['a2']);
  });
});

describe('trouble', { timeout: TIMEOUT_MS }, () => {
  test.each([
    ['gone', { status: 410 }],
    ['not_found', { status: 404 }],
    ['blocked', { status: 403 }],
    ['not_a_feed', { body: '<!DOCTYPE html><html><body>Just a moment...</body></html>' }],
    ['malformed', { body: `<rss version="2.0"><channel>${'<a>'.repeat(1_000)}` }],
  ])('%s is what a person can do something about', async (code, answer: Answer) => {
    answers.set('/feed', answer);
    await expect(visit()).rejects.toMatchObject({ name: 'SourceError', code, retryAfterMs: undefined });
  });

  test('a broken feed gives what can be read of it, with a note', async () => {
    answers.set('/feed', {
      body: '<rss version="2.0"><channel><title>t</title><item><title>un</title></item><item><title><![CDATA[de',
    });
    const page = await visit();
    expect(posts(page).map((post) => post.title)).toEqual(['un']);
    expect(page.notes).toEqual([{ code: 'broken_feed', detail: 'the answer was cut short' }]);
  });

  test('a broken feed that is whole is noted, and its hour is no gap', async () => {
    answers.set('/feed', {
      body: rss([{ guid: 'a1', title: 'R&D', text: 'x', more: '<source>a <' }]),
      headers: { etag: '"x"' },
    });
    const page = await visit();
    expect(page.notes).toMatchObject([{ code: 'broken_feed' }]);
    expect(page.notes).not.toMatchObject([{ detail: 'the answer was cut short' }]);
    expect(page.gap).toBeUndefined();
    expect(page.cursor.etag).toBe('"x"');
  });

  test('a feed cut short is asked for again as a whole, and its hour is partial', async () => {
    const headers = { etag: '"x"', 'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT' };
    const whole = rss([
      { guid: 'a1', title: 'un' },
      { guid: 'a2', title: 'deux' },
    ]);
    for (const length of [whole.indexOf('<item>') + 6, whole.indexOf('</item>') + 7, whole.length - 3]) {
      answers.set('/feed', { body: whole.slice(0, length), headers });
      const page = await visit();
      expect(page.notes).toEqual([{ code: 'broken_feed', detail: 'the answer was cut short' }]);
      expect(page.gap).toEqual({ from: START, to: START, reason: 'cut_short' });
      expect(page.cursor).not.toHaveProperty('etag');
      expect(page.cursor).not.toHaveProperty('lastModified');
      answers.set('/feed', { body: whole, headers });
      const next = await visit(page.cursor);
      expect(page.events.length + next.events.length).toBe(2);
      expect(next).toMatchObject({ cursor: { etag: '"x"', lastModified: headers['last-modified'] } });
      expect(next.gap).toBeUndefined();
    }
  });
});

describe('encodings', { timeout: TIMEOUT_MS }, () => {
  const title = 'المغرب يفتتح مركز بيانات جديدا في الدار البيضاء لتعزيز السيادة الرقمية';
  test.each(
    ['windows-1256', 'ISO-8859-6', 'UTF-16LE', 'UTF-16BE'].flatMap((encoding) => [
      [encoding, 'application/xml'],
      [encoding, `text/xml; charset=${encoding}`],
      [encoding, 'text/xml; charset=utf-8'],
    ]),
  )('Arabic in %s served as %s', async (encoding, contentType) => {
    putFeed([], {
      headers: { 'content-type': contentType },
      body: iconv.encode(rss([{ guid: 'a1', title }]), encoding),
    });
    expect(posts(await visit())).toMatchObject([{ title, text: title }]);
  });
});

describe('public corpora', { timeout: TIMEOUT_MS }, () => {
  test.each(['rss-parser', 'kurtmckee-feedparser/encoding', 'kurtmckee-feedparser/illformed'])(
    'every feed of %s ends in a page or in plain words',
    async (folder) => {
      const directory = new URL(`${folder}/`, DATA);
      if (!existsSync(directory)) return console.warn(`skipped: ${folder} is not there`);
      const refused: string[] = [];
      for (const name of readdirSync(directory)) {
        if (!/\.\w+$/.test(name)) continue;
        const body = readFileSync(new URL(name, directory));
        const headers: Record<string, string> = {};
        for (const [, header, value] of body.toString('latin1').matchAll(/^Header:\s*([\w-]+):\s*([^\r\n]*)$/gm)) {
          if (header && value !== undefined) headers[header.toLowerCase()] = value.trim();
        }
        answers.set(`/${name}`, { body, headers });
        const page = await visit(null, { path: `/${name}` }).catch((error: unknown) => error);
        if (!(page instanceof Error)) continue;
        expect(page.name).toBe('SourceError');
        refused.push(name);
      }
      expect(
        refused.filter(
          (name) =>
            !/^(unrecognized\.rss|rss_empty_document\.xml|rss_incomplete_cdata\.xml|aaa_illformed\.xml)$/.test(name),
        ),
      ).toEqual([]);
    },
  );
});

describe('the catalogue', () => {
  test('holds valid settings, each address once, with the site its posts will have', () => {
    const seen = new Set<string>();
    for (const { url, site: expected } of catalogue) {
      expect(feed.siteOf(feed.settings.parse({ url }))).toBe(expected);
      expect(seen.has(url), url).toBe(false);
      seen.add(url);
    }
    expect(catalogue.filter((entry) => entry.default).length).toBeGreaterThan(10);
  });
});
