/** Posts: pages that neither skip nor repeat, files for spreadsheets, one post with its explanation, and pushes. */
import type { Post } from '../../shared/contracts/api/posts.ts';
import { inTransaction, many, one, run } from '../../shared/store/db.ts';
import { lockPosts, movePosts } from '../../shared/store/posts.ts';
import { startApi, storePosts, ZONE } from '../helpers/api.ts';
import { aPost, aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

test('pages go through all posts once, newest first, those of one microsecond too', async ({ db }) => {
  await aSource(db);
  const rows = Array.from({ length: 55 }, (_, i) => aPostRow({ published_at: `2026-11-20T10:00:00.00000${i % 7}Z` }));
  await storePosts(db, rows);
  const api = await startApi(db);
  const seen: string[] = [];
  let path: string | undefined = '/v1/posts?period=7d&limit=10&include=total';
  while (path) {
    const { body, headers } = await api.call(path);
    expect(body.total).toBe(55);
    seen.push(...body.posts.map((post: Post) => post.id));
    path = /<(.+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    expect(path === undefined).toBe(body.next_cursor === null);
  }
  const expected = await many<{ id: string }>(
    db,
    'select post_id::text as id from posts order by published_at desc, post_id desc',
  );
  expect(seen).toEqual(expected.map((row) => row.id));
});

test('posts that arrive between two pages neither repeat nor hide others', async ({ db }) => {
  await aSource(db);
  await storePosts(
    db,
    Array.from({ length: 10 }, (_, i) => aPostRow({ published_at: `2026-11-20T10:0${i}:00Z` })),
  );
  const api = await startApi(db);
  const first = (await api.call('/v1/posts?limit=5')).body;
  await storePosts(db, [aPostRow({ published_at: '2026-11-20T11:00:00Z' })]);
  const second = (await api.call(`/v1/posts?limit=5&cursor=${first.next_cursor}`)).body;
  const ids = [...first.posts, ...second.posts].map((post: Post) => post.id);
  expect(new Set(ids).size).toBe(10);
  expect(second.next_cursor).toBeNull();
});

test('a post says when it was published on the local clock, its topics and what the label is made of', async ({
  db,
}) => {
  const source = await aSource(db, { name: 'paper' });
  const [id] = await storePosts(db, [
    aPostRow({
      published_at: '2026-08-10T22:30:00Z',
      text: 'great data centre',
      explanation: { bias: 0, contributions: [{ start: 0, end: 5, weight: 0.5, reason: 'lexicon' }], rest: 0 },
      topics: [{ topic: 1, model_label: 'positive', human_label: null, model_score: 0.5 }],
      entities: [{ entity: 'city:casablanca', kind: 'place', start: 6, end: 10 }],
    }),
  ]);
  const api = await startApi(db);
  const { body } = await api.call(`/v1/posts/${id}`);
  expect(body).toMatchObject({
    id: String(id),
    local: '2026-08-10T23:30:00',
    utc_offset: '+01:00',
    source: { id: source.id, name: 'paper' },
    topics: [{ topic: 'data_centres', label: 'positive', score: 0.5 }],
    explanation: { contributions: [{ start: 0, end: 5, weight: 0.5, reason: 'lexicon' }] },
    entities: [{ entity: 'city:casablanca', kind: 'place', start: 6, end: 10 }],
  });
  expect(
    (await api.call('/v1/posts?from=2026-08-10T00:00:00Z&to=2026-08-12T00:00:00Z')).body.posts[0],
  ).not.toHaveProperty('explanation');
});

test('excluded and deleted posts are nowhere, and what is no id is not found', async ({ db }) => {
  await aSource(db);
  const [excluded = 0, gone = 0] = await storePosts(db, [
    aPostRow({ excluded_at: '2026-11-20T12:00:00Z' }),
    aPostRow({}),
  ]);
  await inTransaction(db, async (tx) => {
    const keys = await lockPosts(tx, [gone]);
    await movePosts(
      tx,
      ZONE,
      keys.map((key) => ({ op: 'delete', key })),
    );
  });
  const api = await startApi(db);
  expect((await api.call('/v1/posts?include=total')).body).toMatchObject({ posts: [], total: 0 });
  for (const id of [excluded, gone, 0, 'x', '-1', '1e3', '99999999999999999999', '%00']) {
    expect([id, (await api.call(`/v1/posts/${id}`)).status]).toEqual([id, 404]);
  }
});

test('a search takes the characters as they are', async ({ db }) => {
  await aSource(db);
  await storePosts(db, [
    aPostRow({ text: '100% sure_thing' }),
    aPostRow({ text: '1000 surely thing' }),
    aPostRow({ title: 'مركز البيانات' }),
  ]);
  const api = await startApi(db);
  const count = async (q: string) => (await api.call(`/v1/posts?include=total&q=${encodeURIComponent(q)}`)).body.total;
  expect([
    await count('100%'),
    await count('SURE_'),
    await count('sure'),
    await count('البيانات'),
    await count('\\\\'),
  ]).toEqual([1, 1, 2, 1, 0]);
});

test('CSV opens in a spreadsheet: byte order mark, no formula, numbers as numbers, a dated name', async ({ db }) => {
  await aSource(db);
  await storePosts(db, [
    aPostRow({
      text: '=HYPERLINK("http://evil.example")',
      title: '＝1+1',
      model_label: 'negative',
      model_score: -0.5,
      url: 'https://a.ma/1,2',
    }),
  ]);
  const api = await startApi(db);
  const { text, headers } = await api.call('/v1/posts', { headers: { accept: 'text/csv' } });
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-disposition')).toBe('attachment; filename="sada-posts-2026-11-24.csv"');
  expect(headers.get('x-total-count')).toBe('1');
  expect(text.startsWith('\ufeffid,published_at,')).toBe(true);
  expect(text).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
  expect(text).toContain("'＝1+1");
  expect(text).toContain(',-0.5,');
});

test('NDJSON and CSV stream all rows, more than a page of them', async ({ db }) => {
  await aSource(db);
  await storePosts(
    db,
    Array.from({ length: 2_300 }, () => aPostRow({})),
  );
  const api = await startApi(db);
  const lines = (await api.call('/v1/posts?format=ndjson')).text.trimEnd().split('\n');
  expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(2_300);
  expect((await api.call('/v1/posts?format=csv')).text.trimEnd().split('\r\n')).toHaveLength(2_301);
});

test('the Accept header chooses the format, and what cannot be given is refused', async ({ db }) => {
  const api = await startApi(db);
  const typeOf = async (path: string, accept: string) => {
    const { status, headers } = await api.call(path, { headers: { accept } });
    return [status, headers.get('content-type')?.split(';')[0]];
  };
  expect(await typeOf('/v1/series', 'text/csv;q=0.5, application/x-ndjson')).toEqual([200, 'application/x-ndjson']);
  expect(await typeOf('/v1/series', '*/*')).toEqual([200, 'application/json']);
  expect(await typeOf('/v1/series', 'text/html,application/xhtml+xml,*/*;q=0.8')).toEqual([200, 'application/json']);
  expect(await typeOf('/v1/series?format=csv', 'application/json')).toEqual([200, 'text/csv']);
  expect(await typeOf('/v1/series', 'image/png')).toEqual([406, 'application/problem+json']);
  expect(await typeOf('/v1/topics', 'text/csv')).toEqual([406, 'application/problem+json']);
  expect(await typeOf('/v1/series?format=xml', '*/*')).toEqual([422, 'application/problem+json']);
});

// ---------------------------------------------------------------- push

test('a push is written to the inbox and told to the queue, each post with its own outcome', async ({ db }) => {
  const api = await startApi(db);
  const good = aPost();
  const { status, body } = await api.call('/v1/posts', {
    json: {
      source: 'crm',
      posts: [
        good,
        { ...good },
        { ...aPost(), text: '' },
        { ...aPost(), text: 'a\0b' },
        { ...aPost(), mood: 1 },
        'x',
        aPost({ published_at: '1970-01-01T00:00:00Z' }),
      ],
    },
  });
  expect(status).toBe(202);
  expect(body).toMatchObject({ accepted: 1, duplicate: 1, invalid: 5 });
  expect(body.items.map((item: { status: string }) => item.status)).toEqual([
    'accepted',
    'duplicate',
    'invalid',
    'invalid',
    'invalid',
    'invalid',
    'invalid',
  ]);
  expect(body.items.slice(2).map((item: { errors: { pointer: string }[] }) => item.errors[0]?.pointer)).toEqual([
    '/posts/2/text',
    '/posts/3/text',
    '/posts/4/mood',
    '/posts/5',
    '/posts/6/published_at',
  ]);
  const inbox = await many<{ id: number; n: number; name: string }>(
    db,
    'select i.id, jsonb_array_length(events) as n, s.name from inbox i join sources s on s.id = i.source_id',
  );
  expect(inbox).toEqual([{ id: inbox[0]?.id, n: 1, name: 'crm' }]);
  expect(api.jobs).toEqual([{ from: 'push', id: inbox[0]?.id }]);
});

test('a queue that fails does not fail a push', async ({ db }) => {
  const broken = async () => {
    throw new Error('the queue is away');
  };
  const api = await startApi(db, { queues: () => ({ add: broken, addChunks: broken }) });
  expect((await api.call('/v1/posts', { json: { posts: [aPost()] } })).status).toBe(202);
  expect(await one(db, 'select count(*)::int as n from inbox')).toEqual({ n: 1 });
});

test('a repeated Idempotency-Key is answered and not repeated; with another body it is refused', async ({ db }) => {
  const api = await startApi(db);
  const push = (json: unknown, key: string) => api.call('/v1/posts', { json, headers: { 'idempotency-key': key } });
  const json = { posts: [aPost()] };
  const first = await push(json, 'once');
  const again = await push(json, 'once');
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  expect(await one(db, 'select count(*)::int as n from inbox')).toEqual({ n: 1 });
  const other = await push({ posts: [aPost()] }, 'once');
  expect([other.status, other.body.errors[0].pointer]).toEqual([422, 'Idempotency-Key']);
  expect((await push(json, 'x'.repeat(256))).status).toBe(422);
});

test('twins that arrive together are one push with one answer', async ({ db }) => {
  const api = await startApi(db);
  const json = { posts: Array.from({ length: 50 }, () => aPost()) };
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => api.call('/v1/posts', { json, headers: { 'idempotency-key': 'twins' } })),
  );
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  expect(answers[0]?.body.accepted).toBe(50);
  expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
  expect(await one(db, 'select sum(jsonb_array_length(events))::int as n from inbox')).toEqual({ n: 50 });
});

test('a push that fails leaves its Idempotency-Key free', async ({ db }) => {
  await aSource(db, { name: 'taken', kind: 'feed' });
  const api = await startApi(db);
  const headers = { 'idempotency-key': 'retry' };
  const json = { source: 'taken', posts: [aPost()] };
  expect((await api.call('/v1/posts', { json, headers })).status).toBe(409);
  await run(db, `update sources set name = 'renamed'`);
  expect((await api.call('/v1/posts', { json, headers })).status).toBe(202);
});

test('an envelope that is wrong or too large is refused as a whole', async ({ db }) => {
  const api = await startApi(db);
  const answer = async (json: unknown) => {
    const { status, body } = await api.call('/v1/posts', { json });
    return [status, body.errors?.[0]?.pointer];
  };
  expect(await answer({ posts: [] })).toEqual([422, '/posts']);
  expect(await answer({ posts: Array.from({ length: 1_001 }, () => ({})) })).toEqual([422, '/posts']);
  expect(await answer({})).toEqual([422, '/posts']);
  expect(await answer({ posts: [aPost()], extra: 1 })).toEqual([422, '/extra']);
  expect(await answer({ source: 'a\0', posts: [aPost()] })).toEqual([422, '/source']);
  expect(await answer({ posts: ['x'.repeat(9_000_000)] })).toEqual([413, undefined]);
  expect(await answer({ posts: Array.from({ length: 1_000 }, () => aPost({ text: 'x'.repeat(5_000) })) })).toEqual([
    202,
    undefined,
  ]);
});

// ---------------------------------------------------------------- sources and imports

test('a feed is added, runs at once, is changed, paused and removed', async ({ db }) => {
  const api = await startApi(db);
  const made = await api.call('/v1/sources', { json: { kind: 'feed', url: 'https://lejournal.ma/rss' } });
  expect([made.status, made.headers.get('location')]).toEqual([201, `/v1/sources/${made.body.id}`]);
  expect(made.body).toMatchObject({
    name: 'lejournal.ma',
    site: 'lejournal.ma',
    every_minutes: 30,
    keep: 'matching',
    state: 'active',
  });
  expect(api.jobs).toEqual([{ name: 'collect', data: { source_id: made.body.id }, key: `run-${made.body.id}` }]);
  const path = `/v1/sources/${made.body.id}`;
  expect((await api.call('/v1/sources', { json: { url: 'https://lejournal.ma/other' } })).status).toBe(409);
  const patched = await api.call(path, { method: 'PATCH', json: { state: 'paused', every_minutes: 60 } });
  expect(patched.body).toMatchObject({ state: 'paused', health: 'paused', every_minutes: 60 });
  expect((await api.call(path, { method: 'PATCH', json: {} })).status).toBe(422);
  expect((await api.call(`${path}/run`, { method: 'POST' })).status).toBe(409);
  await api.call(path, { method: 'PATCH', json: { state: 'active' } });
  expect((await api.call(`${path}/run`, { method: 'POST' })).status).toBe(202);
  expect((await api.call(path, { method: 'DELETE' })).status).toBe(204);
  expect((await api.call(path)).status).toBe(404);
  expect((await api.call(path, { method: 'DELETE' })).status).toBe(404);
});

test('a source that brought posts cannot be removed, a push source cannot run or be timed', async ({ db }) => {
  const source = await aSource(db);
  await storePosts(db, [aPostRow({ source_id: source.id })]);
  const api = await startApi(db);
  const path = `/v1/sources/${source.id}`;
  expect((await api.call(path, { method: 'DELETE' })).status).toBe(409);
  expect((await api.call(`${path}/run`, { method: 'POST' })).status).toBe(409);
  const timed = await api.call(path, { method: 'PATCH', json: { every_minutes: 5 } });
  expect([timed.status, timed.body.errors[0].pointer]).toEqual([422, '/every_minutes']);
});

test('an import is described and taken back', async ({ db }) => {
  const source = await aSource(db, { name: 'archive', kind: 'import' });
  const made = await one<{ id: number }>(
    db,
    `insert into imports (source_id, file_name, file_hash, bytes, options, state) values ($1, 'a.csv', 'x', 10, '{}', 'done') returning id`,
    [source.id],
  );
  await storePosts(db, [aPostRow({ source_id: source.id, import_id: made?.id ?? 0 })]);
  const api = await startApi(db);
  expect((await api.call('/v1/imports')).body.imports).toMatchObject([
    { id: made?.id, file_name: 'a.csv', source: { name: 'archive' }, chunks_waiting: 0 },
  ]);
  expect((await api.call(`/v1/imports/${made?.id}/undo`, { method: 'POST' })).body).toEqual({ removed: 1, kept: 0 });
  expect((await api.call(`/v1/imports/${made?.id}`)).body.state).toBe('undone');
  expect((await api.call('/v1/imports/99')).status).toBe(404);
  expect((await api.call('/v1/series?period=7d')).body.total.n).toBe(0);
});
