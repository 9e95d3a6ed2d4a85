/**
 * Feeds as no newsroom should serve them, each with what Sada must say of it. tests/e2e/bad-input.test.ts gives each a
 * server of its own, since trouble of a host is trouble of all its feeds.
 */
import { randomBytes } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { feedFiles } from './corpora.ts';

export interface BadFeed {
  name: string;
  /** Codes of the source's error, one of which is right; `read` when what is there can be read all the same. */
  says: string;
  serve?: RequestListener;
  /** An address of no server of ours. */
  url?: string;
}

const item = (n: number) =>
  `<item><title>Item ${n}</title><guid isPermaLink="false">bad-${n}</guid><description>Text ${n}</description></item>`;
const rss = (items: string, before = '') =>
  `<?xml version="1.0"?>${before}<rss version="2.0"><channel><title>t</title><link>https://example.ma/</link><description>d</description>${items}</channel></rss>`;

const LAUGHS = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
const DOCTYPE = (inside: string) => `<!DOCTYPE rss [${inside}]>`;

type Given = string | Buffer | RequestListener;

const BODIES: [name: string, says: string, given: Given, headers?: Record<string, string>][] = [
  ['empty', 'not_a_feed', ''],
  ['blank', 'not_a_feed', ' \n\t '],
  ['web page', 'not_a_feed', '<!doctype html><html><head><title>x</title></head><body>hello</body></html>'],
  [
    'web page that names its feed',
    'not_a_feed',
    '<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>',
  ],
  ['plain text', 'not_a_feed', 'service is down for maintenance'],
  ['JSON of something else', 'not_a_feed', '{"status":"ok"}'],
  ['JSON list', 'not_a_feed', '[1,2,3]'],
  ['half a JSON Feed', 'not_a_feed malformed', '{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1"'],
  ['JSON nested 100,000 deep', 'malformed', '['.repeat(100_000)],
  ['XML nested 100,000 deep', 'malformed', `<rss>${'<a>'.repeat(100_000)}`],
  [
    'a billion laughs',
    'read malformed',
    rss('<item><title>&l10;</title></item>', DOCTYPE(`<!ENTITY l0 "ha">${LAUGHS}`)),
  ],
  [
    'quadratic blow-up',
    'malformed',
    rss(`<item><title>${'&a;'.repeat(50_000)}</title></item>`, DOCTYPE(`<!ENTITY a "${'a'.repeat(50_000)}">`)),
  ],
  [
    'a file of the server as entity',
    'read malformed',
    rss('<item><title>x &f;</title><guid>xxe</guid></item>', DOCTYPE('<!ENTITY f SYSTEM "file:///etc/passwd">')),
  ],
  ['cut before its first item', 'read malformed', rss('<item>').slice(0, -16)],
  ['cut within an item', 'read', rss(`${item(1)}<item><title>Cut`).slice(0, -16)],
  ['unclosed CDATA', 'read malformed', rss('<item><title><![CDATA[never ends').slice(0, -16)],
  ['random bytes', 'not_a_feed malformed', randomBytes(50_000)],
  ['a picture', 'not_a_feed malformed', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  [
    'a sitemap without news',
    'not_a_feed',
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://example.ma/</loc></url></urlset>',
  ],
  ['NUL in its text', 'read', rss('<item><title>a\0b</title><guid>nul</guid></item>')],
  ['half a character', 'read', rss('<item><title>a&#xD800;b</title><guid>half</guid></item>')],
  [
    'bytes that are no UTF-8',
    'read',
    Buffer.from(rss(`<item><title>caf\xe9</title><guid>latin</guid></item>`), 'latin1'),
  ],
  [
    'UTF-16 of odd length',
    'read malformed not_a_feed',
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(rss(item(2)), 'utf16le'), Buffer.from('x')]),
  ],
  [
    'ids and dates that mean nothing',
    'read',
    rss('<item><title>t</title><guid></guid><pubDate>0000-99-99</pubDate></item>'),
  ],
  ['a gzip bomb', 'too_large', gzipSync(Buffer.alloc(100_000_000)), { 'content-encoding': 'gzip' }],
  ['a brotli bomb', 'too_large', brotliCompressSync(Buffer.alloc(60_000_000)), { 'content-encoding': 'br' }],
  ['a gzip bomb as file', 'too_large', gzipSync(Buffer.alloc(100_000_000))],
  ['gzip that is none', 'malformed', 'no gzip', { 'content-encoding': 'gzip' }],
  ['brotli that is none', 'malformed', 'no brotli', { 'content-encoding': 'br' }],
  ['an unknown compression', 'malformed', 'x', { 'content-encoding': 'compress' }],
  ['compressed five times', 'malformed', 'x', { 'content-encoding': 'gzip, gzip, gzip, gzip, gzip' }],
  ['10 MB', 'too_large', Buffer.alloc(10_000_000, 32)],
  ['a body without end', 'too_large', (_request, response) => pour(response, 65_536, 0)],
  ['a trickle without end', 'timeout', (_request, response) => pour(response, 1, 200)],
  ['silence', 'timeout', () => undefined],
  ['hangs up', 'unreachable', (request) => void request.socket.destroy()],
  [
    'hangs up midway',
    'unreachable malformed',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '100000' }).write('<rss>');
      setTimeout(() => response.destroy(), 50);
    },
  ],
  [
    'headers of 100 kB',
    'too_large',
    (_request, response) => void response.writeHead(200, { x: 'a'.repeat(100_000) }).end(),
  ],
  ['no HTTP', 'unreachable', (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
];

const STATUSES: [status: number, says: string, headers?: Record<string, string>][] = [
  [204, 'not_a_feed'],
  [401, 'blocked'],
  [403, 'blocked'],
  [404, 'not_found'],
  [410, 'gone'],
  [418, 'bad_settings'],
  [429, 'rate_limited', { 'retry-after': '3600' }],
  [500, 'server_error'],
  [503, 'server_error', { 'retry-after': 'soon' }],
  [301, 'server_error'],
];

const REDIRECTS: [location: string, says: string][] = [
  ['http://127.0.0.1:1/feed', 'private_address'],
  ['http://169.254.169.254/latest/meta-data/', 'private_address'],
  ['http://[::1]/feed', 'private_address'],
  ['http://[::ffff:10.0.0.1]/feed', 'private_address'],
  ['http://2130706433/feed', 'private_address'],
  ['http://user:secret@127.0.0.1/feed', 'blocked'],
  ['file:///etc/passwd', 'blocked'],
  ['http://', 'bad_settings malformed server_error'],
  ['/', 'too_many_redirects'],
];

const ADDRESSES: [url: string, says: string][] = [
  ['http://127.0.0.1:1/feed', 'private_address'],
  ['http://localhost/feed', 'private_address'],
  ['http://0x7f.1/feed', 'private_address'],
  ['http://192.168.1.1/feed', 'private_address'],
  ['http://no-such-host.invalid/feed', 'unreachable'],
  ['https://user:secret@example.com/feed', 'bad_settings'],
  ['http://example.com:22/feed', 'bad_settings'],
];

/** All of them, and the broken ones of the public corpus where that is kept. */
export function badFeeds(): BadFeed[] {
  return [
    ...BODIES.map(([name, says, given, headers]) => ({
      ...{ name, says },
      serve:
        typeof given === 'function'
          ? given
          : (((_request, response) =>
              void response
                .writeHead(200, { 'content-type': 'text/xml', ...headers })
                .end(given)) satisfies RequestListener),
    })),
    ...STATUSES.map(([status, says, headers]) => ({
      ...{ name: `status ${status}`, says },
      serve: ((_request, response) => void response.writeHead(status, headers).end()) satisfies RequestListener,
    })),
    ...REDIRECTS.map(([location, says]) => ({
      ...{ name: `moved to ${location}`, says },
      serve: ((_request, response) => void response.writeHead(302, { location }).end()) satisfies RequestListener,
    })),
    ...ADDRESSES.map(([url, says]) => ({ name: url, says, url })),
    ...feedFiles('feeds/kurtmckee-feedparser/illformed').map(({ name, bytes, headers }) => ({
      ...{ name, says: 'read malformed not_a_feed' },
      serve: ((_request, response) => void response.writeHead(200, headers).end(bytes)) satisfies RequestListener,
    })),
  ];
}

/** Sends the beginning of a feed and then blanks for as long as somebody listens. */
function pour(response: ServerResponse, bytes: number, everyMs: number): void {
  response.writeHead(200, { 'content-type': 'text/xml' }).write('<rss>');
  const blanks = Buffer.alloc(bytes, 32);
  const more = () => {
    if (response.destroyed) return;
    const goesOn = response.write(blanks);
    if (everyMs > 0) setTimeout(more, everyMs);
    else if (goesOn) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}
