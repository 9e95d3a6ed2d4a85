/** Reading feeds: every format, real ones, hostile ones; and the pure parts: dates, HTML, addresses. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SourceError } from '../../shared/errors.ts';
import { parseDate } from '../../workers/sources/feeds/dates.ts';
import { cutAtCodePoint, htmlToText, titleToText } from '../../workers/sources/feeds/htmlText.ts';
import type { ParsedFeed } from '../../workers/sources/feeds/parsed.ts';
import { parseInThread } from '../../workers/sources/feeds/parsePool.ts';
import { canonicalUrl } from '../../workers/sources/feeds/url.ts';

const REAL = new URL('../../../shared/data/feeds/rss-parser/', import.meta.url);
const URL_OF_FEED = 'https://example.ma/section/feed';
const THREAD_TIMEOUT_MS = 90_000;

function parse(text: string): Promise<ParsedFeed> {
  return parseInThread({ bytes: Buffer.from(text), url: URL_OF_FEED });
}

async function failureOf(text: string): Promise<SourceError> {
  try {
    await parse(text);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('it was read');
}

function rss(items: string, channel = ''): string {
  return `<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>
    <title>Journal</title><link>https://example.ma/</link><description>d</description>${channel}${items}</channel></rss>`;
}

describe('formats', { timeout: THREAD_TIMEOUT_MS }, () => {
  test('RSS 2.0', async () => {
    const feed = await parse(
      rss(
        `<item><title>L&amp;#8217;eau &amp;amp; l’énergie</title><link>https://example.ma/a</link>
         <guid isPermaLink="false">https://example.ma/?p=1</guid><pubDate>Mon, 23 Nov 2026 10:00:00 +0100</pubDate>
         <dc:creator><![CDATA[Samira]]></dc:creator><description>Court</description>
         <content:encoded><![CDATA[<p>Premier</p><script>evil()</script><p>Second&nbsp;<b>gras</b></p>]]></content:encoded></item>`,
        '<language>fr-FR</language><ttl>30</ttl>',
      ),
    );
    expect(feed).toEqual({
      recovered: false,
      quietMs: 1_800_000,
      items: [
        {
          id: 'https://example.ma/?p=1',
          link: 'https://example.ma/a',
          title: 'L’eau & l’énergie',
          text: 'Premier\n\nSecond gras',
          published: '2026-11-23T09:00:00.000Z',
          authorName: 'Samira',
          language: 'fr-fr',
        },
      ],
    });
  });

  test.each(['0.91', '0.92'])('RSS %s', async (version) => {
    const feed = await parse(
      `<rss version="${version}"><channel><title>t</title><link>https://example.ma</link><description>d</description>
       <language>ar</language><item><title>خبر</title><link>https://example.ma/1</link></item></channel></rss>`,
    );
    expect(feed.items).toEqual([{ title: 'خبر', text: '', link: 'https://example.ma/1', language: 'ar' }]);
  });

  test('RSS 1.0', async () => {
    const feed = await parse(
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.ma/"><title>t</title>
        <link>https://example.ma/</link><description>d</description></channel>
        <item rdf:about="https://example.ma/1"><title>Un</title><link>https://example.ma/1</link>
        <description>Texte</description><dc:date>2026-11-23T10:00:00+01:00</dc:date></item></rdf:RDF>`,
    );
    expect(feed.items).toMatchObject([{ title: 'Un', text: 'Texte', published: '2026-11-23T09:00:00.000Z' }]);
  });

  test('Atom 1.0, with links relative to xml:base', async () => {
    const feed = await parse(
      `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.ma/blog/" xml:lang="ar"><title>t</title>
        <link rel="self" href="feed"/><link href="/"/><id>urn:feed</id><updated>2026-11-23T12:00:00Z</updated>
        <entry xml:base="2026/"><id>urn:1</id><title type="text">a &lt; b</title><link rel="enclosure" href="x.mp3"/>
        <link rel="alternate" href="one"/><published>2026-11-23T10:00:00Z</published><updated>2026-11-23T11:00:00Z</updated>
        <author><name>Ali</name><uri>https://example.ma/ali</uri></author>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>un</p><p>deux</p></div></content></entry></feed>`,
    );
    expect(feed.items).toEqual([
      {
        id: 'urn:1',
        link: 'https://example.ma/blog/2026/one',
        title: 'a < b',
        text: 'un\n\ndeux',
        published: '2026-11-23T10:00:00.000Z',
        updated: '2026-11-23T11:00:00.000Z',
        authorId: 'https://example.ma/ali',
        authorName: 'Ali',
        language: 'ar',
      },
    ]);
  });

  test('Atom 0.3', async () => {
    const feed = await parse(
      `<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>t</title><link rel="alternate" href="https://example.ma"/>
        <entry><title>Un</title><link rel="alternate" href="https://example.ma/1"/><id>tag:example.ma,2026:1</id>
        <issued>2026-11-23T10:00:00Z</issued><modified>2026-11-23T11:00:00Z</modified><summary>Texte</summary></entry></feed>`,
    );
    expect(feed.items).toMatchObject([
      {
        id: 'tag:example.ma,2026:1',
        text: 'Texte',
        published: '2026-11-23T10:00:00.000Z',
        updated: '2026-11-23T11:00:00.000Z',
      },
    ]);
  });

  test('JSON Feed', async () => {
    const feed = await parse(
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 't',
        home_page_url: 'https://example.ma/',
        language: 'fr',
        items: [{ id: '1', url: '/un', content_text: 'a < b\nc', date_published: '2026-11-23T10:00:00+01:00' }],
      }),
    );
    expect(feed.items).toEqual([
      {
        id: '1',
        link: 'https://example.ma/un',
        title: '',
        text: 'a < b\nc',
        published: '2026-11-23T09:00:00.000Z',
        language: 'fr',
      },
    ]);
  });

  test('a news sitemap, whatever its prefix', async () => {
    const feed = await parse(
      `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://example.ma/خبر</loc>
        <lastmod>2026-11-23T11:00:00Z</lastmod><news:news><news:publication><news:name>J</news:name>
        <news:language>ar</news:language></news:publication><news:publication_date>2026-11-23T10:00:00Z</news:publication_date>
        <news:title><![CDATA[مركز بيانات & طاقة]]></news:title></news:news></url><url><loc>https://example.ma/x</loc></url></urlset>`,
    );
    expect(feed.items).toEqual([
      {
        link: 'https://example.ma/%D8%AE%D8%A8%D8%B1',
        title: 'مركز بيانات & طاقة',
        text: '',
        published: '2026-11-23T10:00:00.000Z',
        updated: '2026-11-23T11:00:00.000Z',
        language: 'ar',
      },
    ]);
  });

  test('a feed without items is a feed', async () => {
    expect(await parse(rss(''))).toEqual({ items: [], recovered: false });
  });

  test('sy:updatePeriod is how long the feed wants to be left alone', async () => {
    const channel = '<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>';
    expect((await parse(rss('', channel))).quietMs).toBe(6 * 3_600_000);
  });

  test('links without xml:base are relative to the channel, else to the feed', async () => {
    const item = '<item><title>t</title><link>un</link></item>';
    expect((await parse(rss(item))).items[0]?.link).toBe('https://example.ma/un');
    const bare = `<rss version="2.0"><channel><title>t</title>${item}</channel></rss>`;
    expect((await parse(bare)).items[0]?.link).toBe('https://example.ma/section/un');
  });
});

describe('real feeds', { timeout: THREAD_TIMEOUT_MS }, () => {
  test('all but the unrecognisable one are read, with titles or texts free of markup', async ({ skip }) => {
    if (!existsSync(REAL)) skip('the corpus is not there');
    let items = 0;
    for (const name of readdirSync(REAL)) {
      const reading = parseInThread({ bytes: readFileSync(new URL(name, REAL)), url: URL_OF_FEED });
      if (name === 'unrecognized.rss') {
        await expect(reading).rejects.toMatchObject({ code: 'not_a_feed' });
        continue;
      }
      const feed = await reading;
      expect(feed.isCutShort, name).toBeUndefined();
      items += feed.items.length;
      for (const { title, text, link } of feed.items) {
        expect(`${title}\n${text}`).not.toMatch(/<\/?(p|div|br|span|img)\b[^>]*>|&(amp|nbsp|quot|#\d+);/);
        if (link) expect(URL.canParse(link)).toBe(true);
      }
    }
    expect(items).toBeGreaterThan(1_000);
  });
});

describe('broken and hostile feeds', { timeout: THREAD_TIMEOUT_MS }, () => {
  test('truncated XML gives the items before the break', async () => {
    const whole = rss('<item><title>un</title><guid>1</guid></item><item><title>deux</title><guid>2</guid></item>');
    const feed = await parse(whole.slice(0, whole.indexOf('deux') + 2));
    expect(feed.items[0]?.title).toBe('un');
  });

  test('XML that breaks off in its first item is malformed', async () => {
    const failure = await failureOf('<rss version="2.0"><channel><item><title><![CDATA[un');
    expect(failure).toMatchObject({ code: 'malformed', retryAfterMs: undefined });
  });

  const inRss = (rest: string) => `<rss version="2.0"><channel><title>t</title>${rest}`;
  test.each([
    ['after a tag of an item', inRss('<item><title>un</title></item><item><title>deux</title>'), ['un']],
    ['within a text', inRss('<item><title>un</title></item><item><title>de'), ['un']],
    ['between two items', inRss('<item><title>un</title></item>'), ['un']],
    ['where its first item begins', inRss('<item>'), []],
    ['after the first words of its first item', inRss('<item><title>un</title>'), []],
    ['before any item', inRss(''), []],
    [
      'in words about how a feed ends',
      inRss('<item><title>un</title></item><item><title><![CDATA[</rss> is how it ends, and '),
      ['un'],
    ],
    [
      'in an Atom feed',
      '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>1</a:id><a:title>un</a:title></a:entry><a:entry>',
      ['un'],
    ],
    [
      'in RSS 1.0',
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel>
       <title>t</title></channel><item><title>un</title></item><item><title>deux</title>`,
      ['un'],
    ],
    [
      'in a news sitemap',
      `<urlset xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://e.ma/1</loc>
       <n:news><n:title>un</n:title></n:news></url><url><loc>https://e.ma/2</loc><n:news><n:title>deux</n:title>`,
      ['un'],
    ],
  ])('a feed cut short %s gives its whole items and says so', async (_where, text, titles) => {
    const feed = await parse(text);
    expect(feed.isCutShort).toBe(true);
    expect(feed.items.map(({ title }) => title)).toEqual(titles);
  });

  test.each([
    ['a comment of a cache', `${inRss('<item><title>un</title></item></channel></rss>')}\n<!-- cached <item> page -->`],
    ['blanks within its last tag', inRss('<item><title>un</title></item></channel></rss\n >')],
    ['capitals', '<RSS version="2.0"><channel><title>t</title><item><title>un</title></item></channel></rss>'],
    ['words before it', `Warning: x <br />\n${inRss('<item><title>un</title></item></channel></rss>')}`],
    [
      'its own end in a text',
      inRss('<item><title>un</title><description>&lt;/rss></description></item></channel></rss>'),
    ],
    ['no items', '<rss version="2.0"/>'],
  ])('a whole feed with %s is not taken for one cut short', async (_what, text) => {
    expect((await parse(text)).isCutShort).toBeUndefined();
  });

  test('wherever a feed is cut, it is refused or said to be cut, and no half item is taken', async () => {
    const whole = rss(
      ['un', 'deux'].map((n) => `<item><title>${n}</title><link>https://e.ma/${n}</link></item>`).join(''),
    );
    const { items } = await parse(whole);
    for (let length = whole.indexOf('<channel>'); length < whole.length; length += 1) {
      const feed = await parse(whole.slice(0, length)).catch((error: unknown) => error as SourceError);
      if (feed instanceof SourceError) expect(feed.code, `${length}`).toBe('malformed');
      else {
        expect(feed.isCutShort, whole.slice(0, length)).toBe(true);
        expect(items.slice(0, feed.items.length)).toEqual(feed.items);
      }
    }
  });

  test('bare ampersands and unclosed tags are forgiven', async () => {
    const feed = await parse(rss('<item><title>R&D au Maroc</title><link>https://example.ma/?a=1&b=2</link></item>'));
    expect(feed.items).toMatchObject([{ title: 'R&D au Maroc', link: 'https://example.ma/?a=1&b=2' }]);
  });

  test('NUL and other forbidden characters are dropped', async () => {
    const feed = await parse(rss('<item><title>a\u0000b\u0007c</title><guid>1\u00002</guid></item>'));
    expect(feed.items).toMatchObject([{ title: 'abc', id: '12' }]);
  });

  test.each([
    ['a web page', '<!DOCTYPE html><html><head><title>x</title></head><body></body></html>'],
    [
      'a sitemap without news',
      '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://e.ma/</loc></url></urlset>',
    ],
    ['an index of sitemaps', '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></sitemapindex>'],
    ['JSON of something else', '{"error":"no"}'],
    ['plain words', 'Just a moment...'],
    ['nothing', '  \n'],
    ['some other XML', '<note><to>x</to></note>'],
  ])('%s is not a feed', async (_name, text) => {
    expect(await failureOf(text)).toMatchObject({ code: 'not_a_feed', retryAfterMs: undefined });
  });

  test('a web page that names its feed is said to', async () => {
    const page = '<html><head><link rel="alternate" type="application/rss+xml" href="/feed/"></head></html>';
    expect((await failureOf(page)).message).toContain('https://example.ma/feed/');
  });

  test('billion laughs are not laughed', async () => {
    const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('');
    const bomb = `<!DOCTYPE rss [<!ENTITY l0 "lol">${entities}]>${rss('<item><title>&l9;</title><guid>1</guid></item>')}`;
    const small = await parse(`<?xml version="1.0"?>${bomb.replace('<?xml version="1.0"?>', '')}`);
    expect(JSON.stringify(small).length).toBeLessThan(1_000);
    const long = bomb.replace('<?xml version="1.0"?>', '') + ' '.repeat(10) + '<!-- x -->'.repeat(11_000);
    expect(await failureOf(long)).toMatchObject({ code: 'malformed' });
  });

  test('an external entity is not read', async () => {
    const feed = await parse(
      `<!DOCTYPE rss [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>
       <rss version="2.0"><channel><title>t</title><link>https://e.ma/</link><description>d</description>
       <item><title>a &xxe; b</title><guid>1</guid></item></channel></rss>`,
    );
    expect(JSON.stringify(feed)).not.toContain('root:');
  });

  test.each([
    ['tags', `<rss version="2.0"><channel>${'<a>'.repeat(200_000)}`],
    ['brackets', `{"items":${'['.repeat(200_000)}`],
  ])('200 000 nested %s are refused', async (_name, text) => {
    expect(await failureOf(text)).toMatchObject({ code: 'malformed', message: expect.stringContaining('nested') });
  });

  test('hundreds of unclosed line breaks are no nesting', async () => {
    const feed = await parse(
      rss(`<item><title>t</title><guid>1</guid><description>${'x<br>'.repeat(400)}</description></item>`),
    );
    expect(feed.items.length).toBe(1);
  });

  test('a feed that takes too long is given up, and the next one is read', async () => {
    const many = rss('<item><title>t</title><description>&lt;b&gt;x&lt;/b&gt;</description></item>'.repeat(50_000));
    await expect(parseInThread({ bytes: Buffer.from(many), url: URL_OF_FEED }, 1)).rejects.toMatchObject({
      code: 'malformed',
    });
    expect((await parse(rss('<item><title>t</title></item>'))).items.length).toBe(1);
  });
});

describe('dates', () => {
  test.each([
    ['Mon, 23 Nov 2026 10:00:00 GMT', '2026-11-23T10:00:00.000Z'],
    ['23 Nov 26 10:00 +0100', '2026-11-23T09:00:00.000Z'],
    ['Mon, 23 November 2026 10:00:00 EST', '2026-11-23T15:00:00.000Z'],
    ['lun., 23 nov. 2026 10:00:00 +0100', '2026-11-23T09:00:00.000Z'],
    ['dimanche 2 février 2026 10h05', '2026-02-02T10:05:00.000Z'],
    ['23 غشت 2026 - 10:30', '2026-08-23T10:30:00.000Z'],
    ['٢٣ نونبر ٢٠٢٦', '2026-11-23T00:00:00.000Z'],
    ['Mon Nov 23 10:00:00 GMT 2026', '2026-11-23T10:00:00.000Z'],
    ['November 23, 2026, 10:00 pm', '2026-11-23T22:00:00.000Z'],
    ['2026-11-23T10:00:00.123+01:00', '2026-11-23T09:00:00.123Z'],
    ['2026-11-23 10:00:00', '2026-11-23T10:00:00.000Z'],
    ['23/11/2026 10:00', '2026-11-23T10:00:00.000Z'],
    ['2026-11', '2026-11-01T00:00:00.000Z'],
    ['2099-01-01T00:00:00Z', '2099-01-01T00:00:00.000Z'],
  ])('%s', (written, expected) => {
    expect(parseDate(written)?.toISOString()).toBe(expected);
  });

  test.each([
    '',
    'soon',
    '31 Feb 2026',
    '0000-00-00 00:00:00',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '1994-12-31',
    '99999999',
  ])('%j is no date', (written) => {
    expect(parseDate(written)).toBeUndefined();
  });
});

describe('text', () => {
  test.each([
    ['<p>a&amp;b</p><p>c<br>d</p>', 'a&b\n\nc\nd'],
    ['a\n  b&nbsp;&nbsp;c', 'a b c'],
    ['x<style>p{}</style><script>1<2</script>y', 'xy'],
    ['<ul><li>un</li><li>deux</li></ul>', 'un\ndeux'],
    ['<p>مرحبا</p>&#1587;', 'مرحبا\n\nس'],
    ['1 < 2 && 3 > 2', '1 < 2 && 3 > 2'],
    ['&lt;p&gt;un&lt;/p&gt; &lt;p&gt;deux&lt;/p&gt;', 'un\n\ndeux'],
    ['write &lt;p&gt; here', 'write <p> here'],
    ['a\u0000\ufeffb \ud800', 'ab \ufffd'],
  ])('%j', (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  test.each([
    ['L&amp;rsquo;eau &lt;b&gt;vive&lt;/b&gt;', 'L’eau vive'],
    ['AT&T', 'AT&T'],
    ['  deux\n mots ', 'deux mots'],
  ])('title %j', (html, text) => {
    expect(titleToText(html)).toBe(text);
  });

  test('a cut never leaves half a character', () => {
    expect(cutAtCodePoint('ab😀', 3)).toBe('ab');
    expect(cutAtCodePoint('ab😀', 4)).toBe('ab😀');
  });
});

describe('canonical addresses', () => {
  test.each([
    ['https://www.example.ma/a/?utm_source=x&fbclid=1#top', 'https://example.ma/a'],
    ['https://m.example.ma/a/amp/?amp=1', 'https://example.ma/a'],
    ['https://example.ma/?p=12', 'https://example.ma/?p=12'],
    ['https://example.ma/?b=2&a=1&paged=3', 'https://example.ma/?a=1&b=2&paged=3'],
    ['https://example.ma/', 'https://example.ma'],
    ['https://example.ma/%d8%b3', 'https://example.ma/%D8%B3'],
    ['https://example.ma/س', 'https://example.ma/%D8%B3'],
    ['https://twitter.com/a/status/1?s=20&t=abc', 'https://x.com/a/status/1'],
    ['https://example.ma/x?s=maroc', 'https://example.ma/x?s=maroc'],
    ['https://youtu.be/abc-1?si=x', 'https://youtube.com/watch?v=abc-1'],
    ['https://www.youtube.com/watch?v=abc&feature=share', 'https://youtube.com/watch?v=abc'],
    ['https://t.me/s/channel/12', 'https://t.me/channel/12'],
    ['https://m.me/page', 'https://m.me/page'],
  ])('%s', (address, expected) => {
    expect(canonicalUrl(address)).toBe(expected);
    expect(canonicalUrl(expected)).toBe(expected);
  });

  test.each(['', 'javascript:alert(1)', '/relative', 'ftp://example.ma/'])('%j has none', (address) => {
    expect(canonicalUrl(address)).toBeUndefined();
  });
});
