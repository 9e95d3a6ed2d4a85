/**
 * Requests that no client should send, each with the status that it deserves and the field that the answer must name.
 * Sent by tests/e2e/bad-input.test.ts over plain HTTP or, where no client would write such bytes, over a bare socket.
 */
import { gzipSync } from 'node:zlib';

export interface BadRequest {
  title: string;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  status: number;
  /** In a pointer of the answer's errors, or in its detail. */
  names?: string;
}

type Row = [method: string, path: string, status: number, names?: string];

const series = (query: string, names: string): Row => ['GET', `/v1/series?${query}`, 422, names];
const posts = (query: string, names: string): Row => ['GET', `/v1/posts?${query}`, 422, names];
const nothing = (path: string): Row => ['GET', path, 404];

const PLAIN: Row[] = [
  ['PUT', '/v1/posts', 405, 'GET'],
  ['DELETE', '/v1/posts', 405, 'POST'],
  ['PATCH', '/v1/series', 405, 'GET'],
  ['POST', '/v1/breakdown', 405, 'GET'],
  ['PUT', '/v1/sources', 405, 'POST'],
  ['GET', '/v1/query', 405, 'POST'],
  ['DELETE', '/v1/imports/1', 405, 'GET'],
  ['TRACE', '/v1/posts', 405],
  ['PROPFIND', '/v1/posts', 405],
  ['OPTIONS', '/v1/posts', 405],
  ['GET', '/v1/sources/1/run', 405, 'POST'],
  ['POST', '/healthz', 404],
  ...[
    '/v1',
    '/v1/nothing',
    '/v2/posts',
    '/v1/posts/0',
    '/v1/posts/-1',
    '/v1/posts/abc',
    '/v1/posts/1e3',
    '/v1/posts/%00',
    '/v1/posts/999999999999999',
    `/v1/posts/${'9'.repeat(5_000)}`,
    '/v1/posts/1/2',
    '/v1/sources/99999999999',
    '/v1/sources/__proto__',
    '/v1/imports/2147483648',
    '/v1/imports/constructor',
    '/v1/..%2f..%2fetc%2fpasswd',
    '/docs/..%2f..%2fpackage.json',
    '/problems/__proto__',
    '/.env',
    '/v1/posts%00',
  ].map(nothing),
  ['GET', '/v1/posts/%E0%A4%A', 400],
  ['GET', '/v1/sources/%', 400],
  ['GET', '/%c0%ae%c0%ae/', 404],
  series('period=1y', '?period'),
  series('period=', '?period'),
  series('period=7d&period=30d', '?period'),
  series('bucket=minute', '?bucket'),
  series('from=yesterday', '?from'),
  series('from=2026-13-01T00:00:00Z', '?from'),
  series('from=2026-02-30T00:00:00Z', '?from'),
  series('from=2026-01-01', '?from'),
  series('from=1800-01-01T00:00:00Z', '?from'),
  series('from=%00', '?from'),
  series('to=2026-01-01T00:00:00Z', '?from'),
  series('from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', '?to'),
  series('from=1995-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', '?from'),
  series('from=2026-01-01T00:00:00Z&period=7d', '?period'),
  series('from=2010-01-01T00:00:00Z&bucket=hour', '?bucket'),
  series('topic=nothing', '?topic'),
  series('topic=', '?topic'),
  series('topic=data_centres,,jobs', '?topic'),
  series(`topic=${Array.from({ length: 51 }, () => 'jobs').join()}`, '?topic'),
  series('topic!=nothing', '?topic!'),
  series('language=%3Cscript%3E', '?language'),
  series('language=%00', '?language'),
  series('language=%ED%A0%80', '?language'),
  series('source=abc', '?source'),
  series('source=0', '?source'),
  series('source=1e999', '?source'),
  series('source=2147483647', '?source'),
  series('kind=tweet', '?kind'),
  series("label=good';drop%20table%20posts;--", '?label'),
  series('compare=next', '?compare'),
  series('colour=red', '?colour'),
  series('__proto__=1', '?__proto__'),
  series('constructor=1', '?constructor'),
  series('period[]=7d', '?period[]'),
  ['GET', '/v1/breakdown', 422, '?by'],
  ['GET', '/v1/breakdown?by=author', 422, '?by'],
  ['GET', '/v1/breakdown?by=topic&by=label', 422, '?by'],
  posts('limit=0', '?limit'),
  posts('limit=101', '?limit'),
  posts('limit=-1', '?limit'),
  posts('limit=1.5', '?limit'),
  posts('limit=NaN', '?limit'),
  posts('limit=99999999999999999999', '?limit'),
  posts('cursor=garbage', '?cursor'),
  posts(`cursor=${Buffer.from('2026-01-01T00:00:00Z 1 and more').toString('base64url')}`, '?cursor'),
  posts(`cursor=${'A'.repeat(501)}`, '?cursor'),
  posts('cursor=', '?cursor'),
  posts('q=a', '?q'),
  posts(`q=${'a'.repeat(201)}`, '?q'),
  posts('q=ab%00', '?q'),
  posts('include=everything', '?include'),
  posts('format=xml', '?format'),
  ['GET', '/v1/imports?limit=1000', 422, '?limit'],
  ['GET', '/v1/events?after=-1', 422, '?after'],
  ['GET', '/v1/topics?x=1', 422, '?x'],
  ['POST', '/v1/imports/999/undo', 404],
  ['POST', '/v1/sources/999/run', 404],
  ['DELETE', '/v1/sources/999', 404],
];

const headed = (title: string, status: number, headers: Record<string, string>, names?: string): BadRequest => ({
  ...{ title, method: 'GET', path: '/v1/series', headers, status },
  ...(names === undefined ? {} : { names }),
});

const HEADERS: BadRequest[] = [
  headed('a picture is asked for', 406, { accept: 'image/png' }, 'application/json'),
  headed('another Host', 401, { host: 'evil.example' }, 'Host'),
  headed('no such Host', 401, { host: '127.0.0.1.evil.example' }, 'Host'),
  headed('a foreign Origin', 401, { origin: 'https://evil.example' }, 'page'),
  headed('Origin null', 401, { origin: 'null' }, 'page'),
  headed('forwarded', 401, { 'x-forwarded-for': '127.0.0.1' }, 'forwarded'),
  headed('by a proxy', 401, { via: '1.1 proxy' }, 'forwarded'),
  headed('Basic', 401, { authorization: 'Basic YTpi' }, 'key'),
  headed(
    'an invented key',
    401,
    { authorization: 'Bearer sada_live_aaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' },
    'key',
  ),
  headed('an empty key', 401, { authorization: 'Bearer ' }, 'key'),
];

const pushed = (title: string, status: number, body: string | Buffer, names?: string, headers = {}): BadRequest => ({
  ...{ title: `push: ${title}`, method: 'POST', path: '/v1/posts', body, status },
  headers: { 'content-type': 'application/json', ...headers },
  ...(names === undefined ? {} : { names }),
});
const json = (method: string, path: string, status: number, body: unknown, names?: string): BadRequest => ({
  ...{
    title: `${method} ${path} ${JSON.stringify(body).slice(0, 80)}`,
    method,
    path,
    status,
    body: JSON.stringify(body),
  },
  headers: { 'content-type': 'application/json' },
  ...(names === undefined ? {} : { names }),
});

const GOOD = { site: 'bad.example', external_id: 'x', text: 'this one must never be stored' };
const deep = (n: number) => `{"posts":[1],"more":${'['.repeat(n)}${']'.repeat(n)}}`;

const PUSHES: BadRequest[] = [
  pushed('nothing', 400, ''),
  pushed('half a body', 400, '{"posts":[{"site":"a"'),
  pushed('null', 400, 'null'),
  pushed('a text', 400, '"posts"'),
  pushed('a number', 400, '1e400'),
  pushed('a list', 422, '[]'),
  pushed('no posts', 422, '{}', '/posts'),
  pushed('posts that are no list', 422, '{"posts":{}}', '/posts'),
  pushed('an empty list', 422, '{"posts":[]}', '/posts'),
  pushed('too many', 422, JSON.stringify({ posts: Array.from({ length: 1_001 }, () => GOOD) }), '/posts'),
  pushed('a source without name', 422, JSON.stringify({ source: ' ', posts: [GOOD] }), '/source'),
  pushed('a source with NUL', 422, JSON.stringify({ source: 'a\0b', posts: [GOOD] }), '/source'),
  pushed('half a character', 422, '{"source":"a\\ud800","posts":[1]}', '/source'),
  pushed('an unknown field', 422, JSON.stringify({ posts: [GOOD], colour: 1 }), '/colour'),
  pushed('__proto__', 422, '{"__proto__":{"admin":true},"posts":[1],"polluted":1}', '/polluted'),
  pushed('nested 100,000 deep', 422, deep(100_000), '/more'),
  pushed('plain text', 415, 'hello', 'application/json', { 'content-type': 'text/plain' }),
  pushed('a form', 415, 'posts=1', 'application/json', { 'content-type': 'application/x-www-form-urlencoded' }),
  pushed('multipart', 415, '--x--', 'application/json', { 'content-type': 'multipart/form-data; boundary=x' }),
  pushed('JSON by another name', 415, '{}', 'application/json', { 'content-type': 'application/jsonp' }),
  pushed('an unknown charset', 415, '{}', 'UTF-8', { 'content-type': 'application/json; charset=klingon' }),
  pushed('no gzip', 400, 'this is no gzip', undefined, { 'content-encoding': 'gzip' }),
  pushed('an unknown compression', 415, '{}', 'gzip', { 'content-encoding': 'zip' }),
  pushed('a gzip bomb', 413, gzipSync(Buffer.alloc(200_000_000, 32)), 'larger', { 'content-encoding': 'gzip' }),
  pushed('9 MB', 413, Buffer.alloc(9_000_000, 32), 'larger'),
  pushed('a key with spaces', 422, JSON.stringify({ posts: [1] }), 'Idempotency-Key', { 'idempotency-key': 'a b' }),
  pushed('a long key', 422, JSON.stringify({ posts: [1] }), 'Idempotency-Key', { 'idempotency-key': 'k'.repeat(256) }),
];

const feed = { url: 'https://example.ma/feed' };
const SOURCES: BadRequest[] = [
  json('POST', '/v1/sources', 422, {}, '/url'),
  json('POST', '/v1/sources', 422, { url: 'ftp://example.ma/feed' }, '/url'),
  json('POST', '/v1/sources', 422, { url: 'javascript:alert(1)' }, '/url'),
  json('POST', '/v1/sources', 422, { url: 'http://' }, '/url'),
  json('POST', '/v1/sources', 422, { url: `https://example.ma/${'a'.repeat(2_048)}` }, '/url'),
  json('POST', '/v1/sources', 422, { ...feed, every_minutes: 0 }, '/every_minutes'),
  json('POST', '/v1/sources', 422, { ...feed, every_minutes: 1e300 }, '/every_minutes'),
  json('POST', '/v1/sources', 422, { ...feed, every_minutes: '5' }, '/every_minutes'),
  json('POST', '/v1/sources', 422, { ...feed, keep: 'some' }, '/keep'),
  json('POST', '/v1/sources', 422, { ...feed, kind: 'sql' }, '/kind'),
  json('POST', '/v1/sources', 422, { ...feed, name: '' }, '/name'),
  json('POST', '/v1/sources', 422, { ...feed, name: 'n'.repeat(101) }, '/name'),
  json('POST', '/v1/sources', 422, { ...feed, name: 'a\0' }, '/name'),
  json('POST', '/v1/sources', 422, { ...feed, owner: 'me' }, '/owner'),
  json('PATCH', '/v1/sources/1', 422, {}),
  json('PATCH', '/v1/sources/1', 422, { state: 'broken' }, '/state'),
  json('PATCH', '/v1/sources/999', 404, { state: 'paused' }),
  json('DELETE', '/v1/sources/1', 422, { sure: true }, '/sure'),
];

const QUERIES: BadRequest[] = [
  json('POST', '/v1/query', 422, {}, '/metrics'),
  json('POST', '/v1/query', 422, { metrics: [] }, '/metrics'),
  json('POST', '/v1/query', 422, { metrics: ['n', 'n'] }, '/metrics'),
  json('POST', '/v1/query', 422, { metrics: ['n; drop table posts'] }, '/metrics/0'),
  json('POST', '/v1/query', 422, { metrics: ['n'], by: ['time', 'topic', 'label'] }, '/by'),
  json('POST', '/v1/query', 422, { metrics: ['n'], by: ['hasOwnProperty'] }, '/by/0'),
  json('POST', '/v1/query', 422, { metrics: ['n'], filters: { topic: ['x'] } }, '/filters/topic/0'),
  json('POST', '/v1/query', 422, { metrics: ['n'], filters: { source: [4_000] } }, '/filters/source'),
  json('POST', '/v1/query', 422, { metrics: ['n'], filters: { language: ['\ud800'] } }, '/filters/language/0'),
  json('POST', '/v1/query', 422, { metrics: ['n'], from: '2026-01-01T00:00:00Z', period: '7d' }, '/period'),
  json('POST', '/v1/query?x=1', 422, { metrics: ['n'] }, '?x'),
];

export const BAD_REQUESTS: BadRequest[] = [
  ...PLAIN.map(([method, path, status, names]) => ({
    ...{ title: `${method} ${path.slice(0, 80)}`, method, path, status },
    ...(names === undefined ? {} : { names }),
  })),
  ...HEADERS,
  ...PUSHES,
  ...SOURCES,
  ...QUERIES,
];

/** Posts that are wrong while their neighbours are not: answered 202, each with what is wrong. */
export const BAD_ITEMS: [item: unknown, pointer: string][] = [
  [null, ''],
  ['a text', ''],
  [{ ...GOOD, text: '' }, '/text'],
  [{ ...GOOD, text: 'a\0b' }, '/text'],
  [{ ...GOOD, text: '\udc00' }, '/text'],
  [{ ...GOOD, text: ['a'] }, '/text'],
  [{ ...GOOD, site: undefined }, '/site'],
  [{ ...GOOD, external_id: 'x'.repeat(513) }, '/external_id'],
  [{ ...GOOD, external_id: 12 }, '/external_id'],
  [{ ...GOOD, kind: 'tweet' }, '/kind'],
  [{ ...GOOD, url: 'javascript:alert(1)' }, '/url'],
  [{ ...GOOD, published_at: 'yesterday' }, '/published_at'],
  [{ ...GOOD, published_at: '0001-01-01T00:00:00Z' }, '/published_at'],
  [{ ...GOOD, reach: -1 }, '/reach'],
  [{ ...GOOD, reach: 1e300 }, '/reach'],
  [{ ...GOOD, colour: 'red' }, '/colour'],
  [{ ...GOOD, text: JSON.parse('['.repeat(33) + ']'.repeat(33)) }, `/text${'/0'.repeat(31)}`],
];

const GET = 'GET /v1/topics HTTP/1.1\r\n';
const POST = 'POST /v1/posts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

/** Bytes that are no HTTP, or HTTP that lies. */
export const BAD_BYTES: [title: string, bytes: string, status: number][] = [
  ['garbage', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', 400],
  ['no Host', `${GET}\r\n`, 400],
  ['an unknown version', 'GET / HTTP/9.9\r\nHost: localhost\r\n\r\n', 400],
  ['no method', ' / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['an invented method', 'FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['NUL in a header', `${GET}Host: localhost\r\nX: a\0b\r\n\r\n`, 400],
  ['a header without colon', `${GET}Host: localhost\r\nnonsense\r\n\r\n`, 400],
  ['headers of 100 kB', `${GET}Host: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
  ['broken chunks', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`, 400],
  ['a chunk of negative size', `${POST}Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n`, 400],
  ['a length and chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
  ['a negative length', `${POST}Content-Length: -5\r\n\r\n{}`, 400],
  ['a length of 1e30', `${POST}Content-Length: 1${'0'.repeat(30)}\r\n\r\n{}`, 400],
  ['less than its length', `${POST}Content-Length: 5000\r\n\r\n{"posts":[`, 400],
  ['an endless first line', `GET /${'a'.repeat(200_000)}`, 431],
];
