/** The fetch layer against a server that does everything wrong, on 127.0.0.1. */

import { lookup } from 'node:dns/promises';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SourceError } from '../../shared/errors.ts';
import { createFetcher, type Fetcher, type FetchRequest } from '../../workers/fetch/fetcher.ts';
import { type Site, serve } from '../helpers/webServer.ts';

const ZEROS = Buffer.alloc(30_000_000);
const BOMB = gzipSync(ZEROS);
const REDIRECTS: Record<string, string> = {
  '/to-loopback': 'http://127.0.0.1:9/',
  '/to-loopback-80': 'http://127.0.0.1/',
  '/to-metadata': 'http://169.254.169.254/latest/meta-data/',
  '/to-mapped': 'http://[::ffff:127.0.0.1]/',
  '/to-decimal': 'http://2130706433/',
  '/to-octal': 'http://0177.0.0.1/',
  '/to-localhost': 'http://localhost/',
  '/to-v6-loopback': 'http://[::1]/',
  '/to-ten': 'https://10.0.0.1/',
  '/to-zero': 'http://0/',
  '/to-file': 'file:///etc/passwd',
  '/to-password': 'http://user:secret@example.com/',
  '/to-port': 'http://example.com:22/',
  '/loop': '/loop',
};

let site: Site;
let other: Site;
let fetcher: Fetcher;
const seenHeaders: Record<string, string | string[] | undefined>[] = [];

function aFetcher(more: { spacingMs?: number; now?: () => Date } = {}): Fetcher {
  return createFetcher({
    userAgent: 'Sada/0.1 (+https://example.org)',
    allowPrivate: [site.hostAndPort, other.hostAndPort],
    spacingMs: 0,
    ...more,
  });
}

/** The SourceError that the request ends in; fails when it does not. */
async function failureOf(request: FetchRequest, by: Fetcher = fetcher): Promise<SourceError> {
  try {
    await by(request);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('the request succeeded');
}

beforeAll(async () => {
  other = await serve((request, response) => {
    seenHeaders.push(request.headers);
    response.end('other');
  });
  site = await serve((request, response) => {
    const path = request.url ?? '';
    const target = REDIRECTS[path];
    if (target) return void response.writeHead(302, { location: target }).end();
    const [, status] = /^\/status\/(\d+)/.exec(path) ?? [];
    if (status) return void response.writeHead(Number(status)).end('secret words of a post');
    switch (path) {
      case '/permanent':
        return void response.writeHead(301, { location: '/permanent-2' }).end();
      case '/permanent-2':
        return void response.writeHead(308, { location: '/ok' }).end();
      case '/mixed':
        return void response.writeHead(302, { location: '/permanent' }).end();
      case '/abroad':
        return void response.writeHead(302, { location: `${other.url}/` }).end();
      case '/gzip':
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
      case '/gzip-twice':
        return void response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync('hello')));
      case '/gzip-file':
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(gzipSync('hello')));
      case '/brotli':
        return void response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('hello'));
      case '/bomb':
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB);
      case '/bomb-file':
        return void response.writeHead(200).end(BOMB);
      case '/bomb-twice':
        return void response.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(BOMB));
      case '/bomb-brotli':
        return void response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(ZEROS));
      case '/broken-gzip':
        return void response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is not gzip');
      case '/zstd':
        return void response.writeHead(200, { 'content-encoding': 'zstd' }).end('x');
      case '/announced':
        return void response.writeHead(200, { 'content-length': '900000000' }).write('x');
      case '/headers':
        return void response.writeHead(200, { 'x-long': 'a'.repeat(41_000) }).end();
      case '/endless': {
        const more = () => {
          while (!response.destroyed && response.write(ZEROS.subarray(0, 65_536)));
        };
        response.on('drain', more);
        return more();
      }
      case '/drip': {
        const timer = setInterval(() => response.write('x'), 50);
        return void response.on('close', () => clearInterval(timer));
      }
      case '/silence':
        return;
      case '/cut':
        response.writeHead(200, { 'content-length': '100' }).write('abc');
        return void setTimeout(() => response.destroy(), 20);
      case '/used-up':
        return void response.writeHead(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '90' }).end('last');
      case '/conditional':
        if (request.headers['if-none-match'] === 'W/"a"') return void response.writeHead(304).end();
        return void response.writeHead(200, { etag: 'W/"a"' }).end('fresh');
      default:
        seenHeaders.push(request.headers);
        return void response.end('ok');
    }
  });
  fetcher = aFetcher();
});

afterAll(async () => {
  await fetcher.close();
  await site.close();
  await other.close();
});

const text = (body: Uint8Array) => new TextDecoder().decode(body);

describe('addresses of the inside', () => {
  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::1]/',
    'http://[fd00::1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[::7f00:1]/',
    'http://169.254.169.254/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://localhost/',
    'http://printer.local/',
  ])('%s is refused and waiting does not help', async (url) => {
    expect(await failureOf({ url })).toMatchObject({ code: 'private_address', retryAfterMs: undefined });
  });

  test.each(
    Object.keys(REDIRECTS).filter((path) => /loopback|metadata|mapped|decimal|octal|localhost|ten|zero/.test(path)),
  )('a redirect %s is not followed', async (path) => {
    expect((await failureOf({ url: site.url + path })).code).toMatch(/^(private_address|blocked)$/);
  });

  test.each(['/to-metadata', '/to-mapped', '/to-decimal'])('a redirect %s is named private', async (path) => {
    expect(await failureOf({ url: site.url + path })).toMatchObject({ code: 'private_address' });
  });

  test('a name that leads to the inside is refused before anything is sent there', async ({ skip }) => {
    const name = hostname();
    const { address } = await lookup(name).catch(() => ({ address: '' }));
    if (!/^(127|10|172|192)\.|^(::1|f[cd])/.test(address))
      skip('this machine has no name for an address of the inside');
    expect(await failureOf({ url: `http://${name}/` })).toMatchObject({ code: 'private_address' });
  });

  test('a host on the list is allowed on its own port only', async () => {
    const strict = createFetcher({ userAgent: 'Sada/0.1', allowPrivate: [other.hostAndPort], spacingMs: 0 });
    expect((await strict({ url: other.url })).status).toBe(200);
    expect(await failureOf({ url: site.url }, strict)).toMatchObject({ code: 'private_address' });
    await strict.close();
  });

  test.each([
    ['a file', 'file:///etc/passwd'],
    ['ftp', 'ftp://example.com/'],
    ['a password', 'https://user:secret@example.com/'],
    ['an odd port', 'https://example.com:8443/'],
    ['no URL', 'not a url'],
  ])('%s is no address to fetch', async (_name, url) => {
    const failure = await failureOf({ url });
    expect(failure).toMatchObject({ code: 'bad_settings', retryAfterMs: undefined });
    expect(failure.message).not.toContain('secret');
  });

  test.each(['/to-file', '/to-password', '/to-port'])('a redirect %s is blocked', async (path) => {
    expect(await failureOf({ url: site.url + path })).toMatchObject({ code: 'blocked' });
  });
});

describe('redirects', () => {
  test('a chain of permanent ones tells where the page moved', async () => {
    expect(await fetcher({ url: `${site.url}/permanent` })).toMatchObject({ movedTo: `${site.url}/ok`, status: 200 });
  });

  test('a chain with a temporary one does not', async () => {
    const result = await fetcher({ url: `${site.url}/mixed` });
    expect(result.url).toBe(`${site.url}/ok`);
    expect(result.movedTo).toBeUndefined();
  });

  test('a loop ends after five', async () => {
    const before = site.asked.length;
    expect(await failureOf({ url: `${site.url}/loop` })).toMatchObject({ code: 'too_many_redirects' });
    expect(site.asked.length - before).toBe(6);
  });

  test('credentials are not carried to another origin', async () => {
    seenHeaders.length = 0;
    const headers = { Authorization: 'Bearer secret', 'X-Api-Key': 'secret' };
    await fetcher({ url: `${site.url}/abroad`, headers });
    await fetcher({ url: `${site.url}/ok`, headers });
    expect(seenHeaders[0]?.authorization).toBeUndefined();
    expect(seenHeaders[0]?.['x-api-key']).toBeUndefined();
    expect(seenHeaders[1]?.authorization).toBe('Bearer secret');
  });
});

describe('sizes and times', () => {
  test.each(['/gzip', '/gzip-twice', '/gzip-file', '/brotli'])('%s is unpacked', async (path) => {
    expect(text((await fetcher({ url: site.url + path })).body)).toBe('hello');
  });

  test.each(['/bomb', '/bomb-file', '/bomb-twice', '/bomb-brotli', '/endless', '/announced'])(
    '%s is stopped at the limit',
    async (path) => {
      const failure = await failureOf({ url: site.url + path, maxBytes: 1_000_000 });
      expect(failure).toMatchObject({ code: 'too_large', retryAfterMs: undefined });
    },
    20_000,
  );

  test('a body of just the limit is kept whole', async () => {
    expect((await fetcher({ url: `${site.url}/gzip`, maxBytes: 5 })).body.length).toBe(5);
    expect(await failureOf({ url: `${site.url}/gzip`, maxBytes: 4 })).toMatchObject({ code: 'too_large' });
  });

  test.each(['/broken-gzip', '/zstd'])('%s is malformed', async (path) => {
    expect(await failureOf({ url: site.url + path })).toMatchObject({ code: 'malformed' });
  });

  test('headers of 40 kB are refused', async () => {
    expect(await failureOf({ url: `${site.url}/headers` })).toMatchObject({ code: 'too_large' });
  });

  test.each(['/drip', '/silence'])(
    '%s ends with the time limit, and waiting helps',
    async (path) => {
      const fresh = aFetcher();
      const failure = await failureOf({ url: site.url + path, timeoutMs: 400 }, fresh);
      expect(failure).toMatchObject({ code: 'timeout', retryAfterMs: 60_000 });
      await fresh.close();
    },
    20_000,
  );

  test('a connection that breaks in the middle is unreachable, and waiting helps', async () => {
    const fresh = aFetcher();
    expect(await failureOf({ url: `${site.url}/cut` }, fresh)).toMatchObject({
      code: 'unreachable',
      retryAfterMs: 60_000,
    });
    await fresh.close();
  });

  const ANNOUNCED = gzipSync('hello hello hello');
  test.each([
    ['that hangs up', 'server_error', 'Connection: close\r\nContent-Length: 100', 'abc', 'end'],
    ['that sends nothing of it', 'server_error', 'Connection: close\r\nContent-Length: 100', '', 'end'],
    [
      'that hangs up within what it compressed',
      'server_error',
      `Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: ${ANNOUNCED.length}`,
      ANNOUNCED.subarray(0, 15),
      'end',
    ],
    ['that promised to stay', 'unreachable', 'Content-Length: 100', 'abc', 'end'],
    ['whose connection is reset', 'unreachable', 'Content-Length: 100', 'abc', 'reset'],
    ['that leaves out the last chunk', 'unreachable', 'Transfer-Encoding: chunked', '3\r\nabc\r\n', 'end'],
  ])(
    'less than was announced, by a server %s, is an error, and waiting helps',
    async (_who, code, headers, body, end) => {
      const server = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nETag: "x"\r\n${headers}\r\n\r\n`);
          socket.write(body, () => (end === 'reset' ? setTimeout(() => socket.resetAndDestroy(), 20) : socket.end()));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const fresh = createFetcher({ userAgent: 'Sada/0.1', allowPrivate: [`127.0.0.1:${port}`], spacingMs: 0 });
      const failure = await failureOf({ url: `http://127.0.0.1:${port}/` }, fresh);
      expect(failure).toMatchObject({ code, retryAfterMs: 60_000 });
      if (code === 'server_error') expect(failure.message).toBe('127.0.0.1 sent less than it announced');
      await fresh.close();
      server.close();
    },
  );

  test('a port where nobody listens is unreachable', async () => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const fresh = createFetcher({ userAgent: 'Sada/0.1', allowPrivate: [`127.0.0.1:${port}`], spacingMs: 0 });
    expect(await failureOf({ url: `http://127.0.0.1:${port}/` }, fresh)).toMatchObject({ code: 'unreachable' });
    await fresh.close();
  });

  test('a request that is called off ends with the reason it was called off for', async () => {
    const fresh = aFetcher();
    const stop = new AbortController();
    const result = fresh({ url: `${site.url}/silence`, signal: stop.signal });
    const queued = fresh({ url: `${site.url}/ok`, signal: stop.signal });
    await sleep(50);
    stop.abort(new Error('stopping'));
    await expect(result).rejects.toThrow('stopping');
    await expect(queued).rejects.toThrow('stopping');
    expect((await fresh({ url: `${site.url}/ok` })).status).toBe(200);
    await fresh.close();
  });
});

describe('what the site answers', () => {
  test.each([
    [400, 'bad_settings', undefined],
    [401, 'blocked', undefined],
    [403, 'blocked', undefined],
    [404, 'not_found', undefined],
    [410, 'gone', undefined],
    [429, 'rate_limited', 60_000],
    [500, 'server_error', 60_000],
    [503, 'server_error', 60_000],
  ])('%i is %s', async (status, code, retryAfterMs) => {
    const fresh = aFetcher();
    const failure = await failureOf({ url: `${site.url}/status/${status}` }, fresh);
    expect(failure).toMatchObject({ code, retryAfterMs });
    expect(failure.message).toContain('127.0.0.1');
    expect(failure.message).not.toContain('secret');
    await fresh.close();
  });

  test('304 is an answer, and the validator goes out byte for byte', async () => {
    const first = await fetcher({ url: `${site.url}/conditional` });
    const ifNoneMatch = first.headers.etag ?? '';
    expect(await fetcher({ url: `${site.url}/conditional`, ifNoneMatch })).toMatchObject({ status: 304 });
  });

  test('the last answer of a quota tells how long to wait', async () => {
    expect(await fetcher({ url: `${site.url}/used-up` })).toMatchObject({ status: 200, retryAfterMs: 90_000 });
  });

  test('it is told who asks', async () => {
    seenHeaders.length = 0;
    await fetcher({ url: `${site.url}/ok`, accept: 'application/rss+xml' });
    expect(seenHeaders[0]).toMatchObject({
      'user-agent': 'Sada/0.1 (+https://example.org)',
      accept: 'application/rss+xml',
      'accept-encoding': 'gzip, br',
    });
  });
});

describe('politeness', () => {
  test('one request at a time to a host', async () => {
    let running = 0;
    let most = 0;
    const slow = await serve(async (_request, response) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
      response.end('x');
    });
    const fresh = createFetcher({ userAgent: 'Sada/0.1', allowPrivate: [slow.hostAndPort], spacingMs: 0 });
    await Promise.all(Array.from({ length: 5 }, () => fresh({ url: slow.url })));
    expect(most).toBe(1);
    await fresh.close();
    await slow.close();
  });

  const now = new Date('2026-11-23T10:00:00Z');
  test.each([
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['a date', { 'retry-after': 'Mon, 23 Nov 2026 10:02:00 GMT' }, 120_000],
    ['a reset in Unix seconds', { 'x-ratelimit-reset': String(now.getTime() / 1000 + 300) }, 300_000],
    ['a reset in seconds from now', { 'ratelimit-reset': '300' }, 300_000],
    ['a reset as an ISO date', { 'x-ratelimit-reset': '2026-11-23T10:05:00.000000Z' }, 300_000],
    ['a date in the past', { 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' }, 1_000],
    ['a year', { 'retry-after': '31536000' }, 86_400_000],
    ['nonsense', { 'retry-after': 'soon' }, 60_000],
  ])('429 with %s', async (_name, headers: Record<string, string>, retryAfterMs) => {
    const busy = await serve((_request, response) => response.writeHead(429, headers).end());
    const fresh = createFetcher({
      userAgent: 'Sada/0.1',
      allowPrivate: [busy.hostAndPort],
      spacingMs: 0,
      now: () => now,
    });
    expect(await failureOf({ url: busy.url }, fresh)).toMatchObject({ code: 'rate_limited', retryAfterMs });
    expect(await failureOf({ url: busy.url }, fresh)).toMatchObject({ code: 'rate_limited', retryAfterMs });
    expect(busy.asked.length).toBe(1); // asked to wait, it is not asked again before
    await fresh.close();
    await busy.close();
  });

  test('five failures in a row close the host, one probe opens it again, and never for ever', async () => {
    let clockMs = now.getTime();
    let isWell = false;
    const ill = await serve((_request, response) => response.writeHead(isWell ? 200 : 500).end());
    const fresh = createFetcher({
      userAgent: 'Sada/0.1',
      allowPrivate: [ill.hostAndPort],
      spacingMs: 0,
      now: () => new Date(clockMs),
    });
    for (let count = 0; count < 5; count += 1) await failureOf({ url: ill.url }, fresh);
    expect(await failureOf({ url: ill.url }, fresh)).toMatchObject({ code: 'server_error', retryAfterMs: 60_000 });
    expect(ill.asked.length).toBe(5);
    const waits: (number | undefined)[] = [];
    for (let count = 0; count < 12; count += 1) {
      const closed = await failureOf({ url: ill.url }, fresh);
      clockMs += closed.retryAfterMs ?? Number.NaN;
      // only one of two gets through as the probe
      const [probe] = await Promise.all([failureOf({ url: ill.url }, fresh), failureOf({ url: ill.url }, fresh)]);
      waits.push(probe.retryAfterMs);
    }
    expect(ill.asked.length).toBe(17);
    expect(waits[0]).toBe(120_000);
    expect(waits.at(-1)).toBe(6 * 3_600_000);
    isWell = true;
    clockMs += 6 * 3_600_000;
    expect((await fresh({ url: ill.url })).status).toBe(200);
    expect((await fresh({ url: ill.url })).status).toBe(200);
    await fresh.close();
    await ill.close();
  });
});

describe('robots.txt', () => {
  async function withRobots(
    robots: { status: number; body: string },
    use: (address: string, by: Fetcher, asked: string[]) => Promise<void>,
  ): Promise<void> {
    const shop = await serve((request, response) => {
      if (request.url === '/robots.txt') return void response.writeHead(robots.status).end(robots.body);
      response.end('page');
    });
    const fresh = createFetcher({ userAgent: 'Sada/0.1', allowPrivate: [shop.hostAndPort], spacingMs: 0 });
    await use(shop.url, fresh, shop.asked);
    await fresh.close();
    await shop.close();
  }

  test('is read once and obeyed', () =>
    withRobots(
      { status: 200, body: 'User-agent: *\nDisallow: /private\nAllow: /private/open' },
      async (url, by, asked) => {
        expect(await failureOf({ url: `${url}/private/x`, robots: 'obey' }, by)).toMatchObject({
          code: 'robots',
          retryAfterMs: undefined,
        });
        expect((await by({ url: `${url}/private/open`, robots: 'obey' })).status).toBe(200);
        expect((await by({ url: `${url}/public`, robots: 'obey' })).status).toBe(200);
        expect(asked).toEqual(['/robots.txt', '/private/open', '/public']);
      },
    ));

  test('a feed that a person typed is kept from us only by our own name', async () => {
    await withRobots({ status: 200, body: 'User-agent: *\nDisallow: /' }, async (url, by) => {
      expect((await by({ url: `${url}/feed`, robots: 'typed_by_user' })).status).toBe(200);
    });
    await withRobots({ status: 200, body: 'User-agent: Other\nUser-agent: sada\nDisallow: /' }, async (url, by) => {
      expect(await failureOf({ url: `${url}/feed`, robots: 'typed_by_user' }, by)).toMatchObject({ code: 'robots' });
    });
  });

  test('a missing file allows everything, a failing one means to wait', async () => {
    await withRobots({ status: 404, body: '' }, async (url, by) => {
      expect((await by({ url: `${url}/x`, robots: 'obey' })).status).toBe(200);
    });
    await withRobots({ status: 503, body: '' }, async (url, by) => {
      expect(await failureOf({ url: `${url}/x`, robots: 'obey' }, by)).toMatchObject({
        code: 'robots',
        retryAfterMs: 60_000,
      });
      expect((await by({ url: `${url}/x`, robots: 'typed_by_user' })).status).toBe(200);
    });
  });

  test('is not asked for an API', () =>
    withRobots({ status: 200, body: 'User-agent: *\nDisallow: /' }, async (url, by, asked) => {
      expect((await by({ url: `${url}/api` })).status).toBe(200);
      expect(asked).toEqual(['/api']);
    }));
});
