/** Who may ask what, how often, and how unchanged or outdated answers are told. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { revokeKey } from '../../shared/store/apiKeys.ts';
import { type Db, inTransaction, openDb, run } from '../../shared/store/db.ts';
import { lockPosts, movePosts } from '../../shared/store/posts.ts';
import { bumpVersion, pruneLog } from '../../shared/store/version.ts';
import { keyHeader, NOW, startApi, storePosts, type TestApi, ZONE } from '../helpers/api.ts';
import { aPost, aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

/** As a browser or a proxy would send it: with headers that fetch does not let through. */
async function raw(api: TestApi, path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  const request = httpRequest(api.url + path, { method, headers }).end();
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}

test('without a key only this machine itself may ask', async ({ db }) => {
  const api = await startApi(db);
  expect(await raw(api, '/v1/topics', {})).toBe(200);
  expect(await raw(api, '/v1/topics', { host: 'localhost:99' })).toBe(200);
  expect(await raw(api, '/v1/topics', { host: 'evil.example' })).toBe(401);
  expect(await raw(api, '/v1/topics', { origin: 'https://evil.example' })).toBe(401);
  expect(await raw(api, '/v1/topics', { 'x-forwarded-for': '127.0.0.1' })).toBe(401);
  expect(await raw(api, '/metrics', { host: 'evil.example' })).toBe(401);
  expect(await raw(api, '/metrics', {})).toBe(200);
  expect(await raw(api, '/v1/sources/1/run', { origin: 'null' }, 'POST')).toBe(401);
});

test('an API that listens beyond its machine asks everyone for a key', async ({ db }) => {
  const api = await startApi(db, { config: { host: '0.0.0.0', publicUrl: undefined, corsOrigins: [], trustProxy: 0 } });
  const refused = await api.call('/v1/topics');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="sada"']);
  expect((await api.call('/v1/topics', { headers: await keyHeader(db, ['read:aggregates']) })).status).toBe(200);
  expect((await api.call('/healthz')).status).toBe(200);
});

test('a key works until it expires or is revoked, from anywhere, and only as far as its scopes go', async ({ db }) => {
  const api = await startApi(db);
  const headers = await keyHeader(db, ['read:aggregates']);
  expect(await raw(api, '/v1/topics', { ...headers, host: 'sada.example', 'x-forwarded-for': '9.9.9.9' })).toBe(200);
  const posts = await api.call('/v1/posts', { headers });
  expect([posts.status, posts.body.detail]).toEqual([403, 'The API key lacks the scope read:posts']);
  expect((await api.call('/metrics', { headers })).status).toBe(403);
  const admin = await keyHeader(db, ['admin']);
  expect((await api.call('/v1/posts', { json: { posts: [aPost()] }, headers: admin })).status).toBe(202);
  const expired = await keyHeader(db, ['admin'], new Date(Date.now() - 1_000));
  expect((await api.call('/v1/topics', { headers: expired })).status).toBe(401);
  for (const authorization of [
    'Bearer',
    'Bearer x',
    'Basic YTpi',
    `${headers.authorization}x`,
    headers.authorization.replace(/.$/, (c) => (c === 'a' ? 'b' : 'a')),
  ]) {
    expect([authorization, (await api.call('/v1/topics', { headers: { authorization } })).status]).toEqual([
      authorization,
      401,
    ]);
  }
  const publicPart = headers.authorization.split('_')[2] ?? '';
  expect(await revokeKey(db, publicPart)).toBe(true);
  expect((await api.call('/v1/topics', { headers })).status).toBe(401);
  const stored = JSON.stringify((await db.query('select * from api_keys')).rows);
  expect(stored).not.toContain(headers.authorization.split('_')[3]);
});

test('bodies that are not JSON, methods that do not exist and unknown addresses are refused as such', async ({
  db,
}) => {
  const api = await startApi(db);
  const post = (body: string, type: string) =>
    api.call('/v1/posts', { method: 'POST', body, headers: { 'content-type': type } });
  expect((await post('posts=1', 'application/x-www-form-urlencoded')).status).toBe(415);
  expect((await post('{"posts":[]}', 'text/plain')).status).toBe(415);
  expect((await post('{', 'application/json')).status).toBe(400);
  expect((await post('"x"', 'application/json')).status).toBe(400);
  expect((await api.call('/v1/posts', { method: 'POST' })).status).toBe(400);
  const put = await api.call('/v1/posts', { method: 'PUT' });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
  const nowhere = await api.call('/v1/nothing');
  expect([nowhere.status, nowhere.body.type]).toEqual([404, '/problems/not_found']);
  expect((await api.call('/v1/series', { method: 'HEAD' })).status).toBe(200);
});

test('limits are told in headers, counted apart, and end in 429 with Retry-After', async ({ db }) => {
  const api = await startApi(db, { limits: { read: 3, export: 1, failed: 2 } });
  const first = await api.call('/v1/topics');
  expect(first.headers.get('ratelimit')).toMatch(/^"read"; r=2; t=\d+$/);
  expect(first.headers.get('ratelimit-policy')).toMatch(/^"read"; q=3; w=60/);
  await api.call('/v1/topics');
  await api.call('/v1/topics');
  const over = await api.call('/v1/topics');
  expect(over.status).toBe(429);
  expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await api.call('/v1/series?format=csv')).status).toBe(200);
  expect((await api.call('/v1/series?format=csv')).status).toBe(429);
  expect((await api.call('/v1/topics', { headers: await keyHeader(db, ['admin']) })).status).toBe(200);
  expect((await api.call('/healthz')).headers.get('ratelimit')).toBeNull();
  const wrong = { headers: { authorization: 'Bearer wrong' } };
  expect([
    (await api.call('/v1/topics', wrong)).status,
    (await api.call('/v1/topics', wrong)).status,
    (await api.call('/v1/topics', wrong)).status,
  ]).toEqual([401, 401, 429]);
});

// ---------------------------------------------------------------- data version

test('an unchanged answer is 304, and a push into the data, a deletion or the next hour make it new', async ({
  db,
}) => {
  await aSource(db);
  const [id = 0] = await storePosts(db, [aPostRow({}), aPostRow({})]);
  let now = NOW;
  const api = await startApi(db, { now: () => now });
  const ask = async (tag?: string) => {
    const { status, headers } = await api.call(
      '/v1/series?period=7d',
      tag ? { headers: { 'if-none-match': tag } } : {},
    );
    return { status, tag: headers.get('etag') ?? '', cache: headers.get('cache-control') };
  };
  const first = await ask();
  expect(first).toMatchObject({ status: 200, cache: 'private, no-cache' });
  expect(first.tag).toMatch(/^W\//);
  now = new Date(NOW.getTime() + 60_000);
  expect((await ask(`"other", ${first.tag}`)).status).toBe(304);
  await inTransaction(db, async (tx) => {
    await movePosts(
      tx,
      ZONE,
      (await lockPosts(tx, [id])).map((key) => ({ op: 'delete', key })),
    );
    await bumpVersion(tx, { event: 'posts', payload: { n: -1 } });
  });
  const afterDeletion = await ask(first.tag);
  expect(afterDeletion.status).toBe(200);
  expect((await ask(afterDeletion.tag)).status).toBe(304);
  now = new Date(NOW.getTime() + 3_600_000);
  expect((await ask(afterDeletion.tag)).status).toBe(200);
  const other = await api.call('/v1/series?period=7d&format=csv', { headers: { 'if-none-match': afterDeletion.tag } });
  expect(other.status).toBe(200);
});

test('a tag taken between two transactions that commit in reverse order hides neither', async ({ db, url }) => {
  await aSource(db);
  await storePosts(db, [aPostRow({})]);
  const api = await startApi(db);
  const ask = async (tag = '""') => {
    const { status, headers, body } = await api.call('/v1/series?period=7d', { headers: { 'if-none-match': tag } });
    return { status, tag: headers.get('etag') ?? '', n: body?.total.n };
  };
  // The first transaction takes its post id first and commits last: by max(id) its post would never be news.
  const slow = openDb(url, { max: 1 });
  const tx = await slow.connect();
  await tx.query('begin');
  await movePosts(tx, ZONE, [{ op: 'insert', after: aPostRow({}) }]);
  await storePosts(db, [aPostRow({ kind: 'comment', model: 'test-2' })]); // of other cells, or it would wait for the first
  const between = await ask();
  expect(between).toMatchObject({ status: 200, n: 2 });
  await bumpVersion(tx, { event: 'posts', payload: { n: 1 } });
  await tx.query('commit');
  tx.release();
  await slow.end();
  expect(await ask(between.tag)).toMatchObject({ status: 200, n: 3 });
});

/** Reads an event stream until `count` events came. */
async function events(
  api: TestApi,
  count: number,
  headers: Record<string, string> = {},
  started?: () => Promise<unknown>,
) {
  const stop = new AbortController();
  const response = await fetch(`${api.url}/v1/events`, { headers, signal: stop.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  void started?.();
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.split('\n\n').filter((part) => part.startsWith('id:')).length >= count) break;
  }
  stop.abort();
  const frames = text.split('\n\n').filter((part) => part.startsWith('id:'));
  return frames.map((part) => ({ id: Number(/id: (\d+)/.exec(part)?.[1]), event: /event: (\w+)/.exec(part)?.[1] }));
}

const bump = (db: Db, n = 1) => inTransaction(db, (tx) => bumpVersion(tx, { event: 'posts', payload: { n } }));

test('a stream tells of new versions, and one that resumes misses none of those between', async ({ db }) => {
  await bump(db);
  const api = await startApi(db);
  expect(await events(api, 2, {}, async () => [await bump(db), await bump(db)])).toEqual([
    { id: 2, event: 'posts' },
    { id: 3, event: 'posts' },
  ]);
  await bump(db);
  expect(await events(api, 3, { 'last-event-id': '1' })).toEqual([2, 3, 4].map((id) => ({ id, event: 'posts' })));
});

test('of transactions that overlap, the events come in the order of their commits, and none is passed over', async ({
  db,
  url,
}) => {
  const api = await startApi(db);
  const slow = openDb(url, { max: 1 });
  const got = await events(api, 2, { 'last-event-id': '0' }, async () => {
    const tx = await slow.connect();
    await tx.query('begin');
    await tx.query(`select nextval(pg_get_serial_sequence('inbox', 'id'))`);
    await bump(db);
    await bumpVersion(tx, { event: 'source', payload: {} });
    await tx.query('commit');
    tx.release();
  });
  await slow.end();
  expect(got).toEqual([
    { id: 1, event: 'posts' },
    { id: 2, event: 'source' },
  ]);
});

test('who comes back too late, or from another database, is told to reload', async ({ db }) => {
  for (let i = 0; i < 3; i++) await bump(db);
  await run(db, `update data_log set at = now() - interval '9 days' where version < 3`);
  await pruneLog(db, 24);
  const api = await startApi(db);
  expect(await events(api, 1, { 'last-event-id': '1' })).toEqual([{ id: 3, event: 'reset' }]);
  expect(await events(api, 1, { 'last-event-id': '2' })).toEqual([{ id: 3, event: 'posts' }]);
  expect(await events(api, 1, { 'last-event-id': '900' })).toEqual([{ id: 3, event: 'reset' }]);
  expect(await events(api, 1, { 'last-event-id': 'nonsense' })).toEqual([{ id: 3, event: 'reset' }]);
});

test('streams are limited by caller and in all, and end when the API stops', async ({ db }) => {
  const api = await startApi(db, { events: { pollMs: 20, perCaller: 2, total: 3 } });
  const open = (headers = {}) => fetch(`${api.url}/v1/events`, { headers });
  const first = await open();
  await open();
  expect((await open()).status).toBe(429);
  const headers = await keyHeader(db, ['read:aggregates']);
  expect((await open(headers)).status).toBe(200);
  expect((await open(headers)).status).toBe(503);
  api.stop();
  expect(await first.text()).toMatch(/^retry: 2000\n\n.*retry: 2000\n\n$/s);
  expect((await api.call('/readyz')).status).toBe(503);
});

// ---------------------------------------------------------------- health, headers, documents

test('ready means that the database answers and is migrated; alive means nothing but alive', async ({ db }) => {
  const api = await startApi(db);
  expect((await api.call('/readyz')).body).toEqual({
    status: 'pass',
    checks: { open: true, database: 'ok', queue: 'connected' },
  });
  const nowhere = openDb('postgres://nobody@127.0.0.1:1/none');
  const cut = await startApi(nowhere);
  expect((await cut.call('/readyz')).status).toBe(503);
  expect((await cut.call('/healthz')).status).toBe(200);
  const outage = await cut.call('/v1/topics');
  expect([outage.status, outage.headers.get('retry-after')]).toEqual([503, '5']);
  await nowhere.end();
});

test('pages run no foreign script, and plain http is not turned into https', async ({ db }) => {
  const api = await startApi(db);
  const { headers } = await api.call('/docs');
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(headers.get('content-security-policy')).not.toMatch(/unsafe|upgrade-insecure|https:/);
  expect(headers.get('strict-transport-security')).toBeNull();
  expect(headers.get('x-powered-by')).toBeNull();
  const secure = await startApi(db, {
    config: { host: '127.0.0.1', publicUrl: 'https://sada.example', corsOrigins: [], trustProxy: 0 },
  });
  const answer = await secure.call('/');
  expect(answer.headers.get('content-security-policy')).toContain('upgrade-insecure-requests');
  expect(answer.headers.get('strict-transport-security')).toContain('max-age');
});

test('the documentation is served from here alone', async ({ db }) => {
  const api = await startApi(db);
  for (const path of ['/', '/docs', '/docs/start.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']) {
    const { status, text } = await api.call(path);
    expect([path, status]).toEqual([path, 200]);
    if (!path.includes('bundle')) expect(text).not.toMatch(/(src|href|url)\s*[=(:]\s*['"]?(https?:)?\/\//);
  }
  expect((await api.call('/docs/package.json')).status).toBe(404);
});

test('the OpenAPI document is 3.1 and has every route with its answers', async ({ db }) => {
  const api = await startApi(db);
  const { body } = await api.call('/v1/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths).toSorted()).toEqual(
    [
      'alert-rules',
      'alert-rules/preview',
      ...['', '/backtest', '/series', '/versions'].map((part) => `alert-rules/{id}${part}`),
      'alerts',
      ...['', '/acknowledgement', '/close', '/notes', '/snooze', '/verdict'].map((part) => `alerts/{id}${part}`),
      'audit',
      'breakdown',
      'calendar',
      'calendar/{id}',
      'channels',
      'channels/{id}',
      'channels/{id}/test',
      'deliveries',
      'deliveries/{id}',
      'deliveries/{id}/replay',
      'events',
      'imports',
      'imports/{id}',
      'imports/{id}/undo',
      'posts',
      'posts/{id}',
      'query',
      'series',
      'silences',
      'silences/{id}',
      'silences/{id}/end',
      'sources',
      'sources/{id}',
      'sources/{id}/run',
      'topics',
      'topics/preview',
      'topics/{code}/terms',
      'topics/{code}/terms/{id}',
    ].map((path) => `/v1/${path}`),
  );
  const parameters = body.paths['/v1/series'].get.parameters.map((one: { name: string; schema: { type: string } }) => [
    one.name,
    one.schema.type,
  ]);
  expect(parameters).toContainEqual(['language!', 'string']);
  expect(parameters).toContainEqual(['from', 'string']);
  expect(Object.keys(body.paths['/v1/series'].get.responses['200'].content)).toEqual([
    'application/json',
    'text/csv',
    'application/x-ndjson',
  ]);
  expect(Object.keys(body.paths['/v1/posts'].post.responses)).toContain('202');
  const references = [...JSON.stringify(body).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    (match) => match[1] ?? '',
  );
  for (const name of references) expect(body.components.schemas).toHaveProperty(name);
});

test('pages of configured origins may call with a key, others may not', async ({ db }) => {
  const api = await startApi(db, {
    config: { host: '127.0.0.1', publicUrl: undefined, corsOrigins: ['https://intranet.example'], trustProxy: 0 },
  });
  const preflight = (origin: string) => api.call('/v1/series', { method: 'OPTIONS', headers: { origin } });
  const allowed = await preflight('https://intranet.example');
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
    204,
    'https://intranet.example',
  ]);
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
});

test('a request id is taken over when it is harmless, and made otherwise', async ({ db }) => {
  const api = await startApi(db);
  const idFor = async (given: string) =>
    (await api.call('/v1/nothing', { headers: { 'x-request-id': given } })).body.request_id;
  expect(await idFor('abc-123')).toBe('abc-123');
  expect(await idFor('<script>')).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idFor('x'.repeat(65))).toMatch(/^[0-9a-f-]{36}$/);
});

// ---------------------------------------------------------------- hostile input

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '\0',
    '%00',
    '\ud800',
    '__proto__',
    'constructor',
    '1e999',
    '-1',
    '9'.repeat(400),
    "'; drop table posts; --",
    '../../etc/passwd',
    '%E0%A4%A',
    'NaN',
    '2026-13-45T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
  ),
);
const paths = fc.constantFrom(
  '/v1/series',
  '/v1/breakdown',
  '/v1/posts',
  '/v1/posts/1',
  '/v1/topics',
  '/v1/sources',
  '/v1/imports',
  '/v1/events',
  '/v1/query',
);
const names = fc.constantFrom(
  'from',
  'to',
  'period',
  'topic',
  'language',
  'language!',
  'source',
  'kind',
  'label',
  'bucket',
  'by',
  'q',
  'limit',
  'cursor',
  'after',
  'include',
  'compare',
  'format',
  '__proto__',
  'x',
);

test('200 malformed requests: never an error of ours', async ({ db }) => {
  const api = await startApi(db, { limits: { read: 1e6, query: 1e6, write: 1e6, export: 1e6, failed: 1e6 } });
  const bodies = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string({ maxLength: 80 }),
    fc
      .record({
        source: nasty,
        posts: fc.array(
          fc.record({
            site: nasty,
            external_id: nasty,
            text: nasty,
            published_at: nasty,
            url: nasty,
            reach: fc.double(),
          }),
          { maxLength: 3 },
        ),
      })
      .map((value) => JSON.stringify(value)),
    fc
      .record({ metrics: fc.array(nasty), by: fc.array(nasty), filters: fc.dictionary(nasty, fc.array(nasty)) })
      .map((value) => JSON.stringify(value)),
    fc.constantFrom(
      '{"__proto__":{"x":1}}',
      '{"posts":[{"__proto__":{"site":"x"}}]}',
      `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
      `{"posts":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      '{"posts":[1e400]}',
      '{"url":"https://\\ud800.ma"}',
      '{"name":"\\u0000","url":"https://a.ma"}',
    ),
  );
  const get = fc.tuple(paths, names, nasty).map(([path, name, value]) => ({
    path: `${path}?${name}=${encodeURIComponent(value.toWellFormed())}`,
    init: { method: path === '/v1/query' ? 'POST' : 'GET' },
  }));
  const bare = fc
    .tuple(paths, fc.stringMatching(/^[!-"$-~]{0,20}$/))
    .map(([path, tail]) => ({ path: `${path}/${tail}`, init: {} }));
  const send = fc
    .tuple(
      fc.constantFrom('/v1/posts', '/v1/query', '/v1/sources', '/v1/sources/1', '/v1/imports/1/undo'),
      bodies,
      fc.constantFrom('POST', 'PATCH', 'DELETE'),
    )
    .map(([path, body, method]) => ({ path, init: { method, body, headers: { 'content-type': 'application/json' } } }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(get, bare, send), async ({ path, init }) => {
      const stop = new AbortController();
      const response = await fetch(api.url + path, { ...init, signal: stop.signal });
      expect([path, init, response.status]).toSatisfy(([, , status]) => (status as number) < 500);
      stop.abort();
      if (response.status >= 400) expect(response.headers.get('content-type')).toContain('application/problem+json');
    }),
    { numRuns: 200, seed: 7 },
  );
}, 120_000);

test('headers that no client sends are refused or ignored, never an error of ours', async ({ db }) => {
  const api = await startApi(db);
  const { port } = new URL(api.url);
  const answer = async (text: string) => {
    const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1');
    socket.write(text, 'latin1'); // not `end`: a half-closed connection would be answered by nobody
    let got = '';
    for await (const chunk of socket) got += chunk;
    return Number(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1]);
  };
  const head = 'GET /v1/topics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
  expect(await answer(`${head}Accept: ;;;,,q=\r\n\r\n`)).toBeLessThan(500);
  expect(await answer(`${head}If-None-Match: ${'"x",'.repeat(2_000)}\r\n\r\n`)).toBe(200);
  expect(await answer(`${head}Authorization: Bearer ${'\xff'.repeat(100)}\r\n\r\n`)).toBe(401);
  expect(await answer(`${head}X-Big: ${'x'.repeat(40_000)}\r\n\r\n`)).toBe(431);
  expect(await answer('GET /v1/topics HTTP/1.1\r\nConnection: close\r\n\r\n')).toBe(400);
  expect(await answer('GET /v1/%c0%af%E0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toBe(404);
  expect(await answer('GET /v1/posts/%E0%A4%A HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toBe(400);
  expect(
    await answer('GET http://evil.example/v1/topics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
  ).toBe(401);
});
