/** Series, breakdown and query: whole local buckets, and figures that agree to the unit with the posts. */
import { TOPIC_CODES } from '../../shared/contracts/words.ts';
import { inTransaction, run } from '../../shared/store/db.ts';
import type { PostRow } from '../../shared/store/posts.ts';
import { createSource } from '../../shared/store/sources.ts';
import { startApi, storePosts } from '../helpers/api.ts';
import { aPostRow, aSource } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const LABELS = ['positive', 'negative', 'neutral', 'not_scored'] as const;
const SCORES = { positive: 0.6, negative: -0.7, neutral: 0.05, not_scored: null };

/** Posts of every kind, spread over `days` days before 2026-11-24T12:00Z; each is about up to two topics. */
function manyPosts(count: number, days: number): PostRow[] {
  return Array.from({ length: count }, (_, i) => {
    const label = LABELS[(i * 7) % 4] ?? 'neutral';
    const topicLabel = LABELS[(i * 5 + 1) % 4] ?? 'neutral';
    const at = Date.parse('2026-11-24T12:00:00Z') - 1 - Math.floor(((i * 0.6180339887) % 1) * days * 86_400_000);
    const topics = [1 + (i % 3), ...(i % 4 === 0 ? [5] : [])];
    return aPostRow({
      published_at: new Date(at).toISOString(),
      language: ['fr', 'ar', 'ary-Latn', 'en'][Math.floor(i / 5) % 4] ?? 'fr',
      kind: i % 5 === 0 ? 'comment' : 'post',
      source_id: 1 + (Math.floor(i / 3) % 2),
      model_label: label,
      model_score: SCORES[label],
      excluded_at: i % 11 === 0 ? '2026-11-24T00:00:00Z' : null,
      topics: topics.map((topic) => ({
        topic,
        model_label: topicLabel,
        human_label: null,
        model_score: SCORES[topicLabel],
      })),
    });
  });
}

async function filled(db: Parameters<typeof aSource>[0], days = 40, count = 400) {
  await aSource(db, { name: 'one' });
  await aSource(db, { name: 'two' });
  await storePosts(db, manyPosts(count, days));
}

test('every hour of a day is there, empty ones too, with its figures', async ({ db }) => {
  await aSource(db);
  await storePosts(db, [
    aPostRow({ published_at: '2026-11-24T09:59:59.999Z', model_label: 'positive', model_score: 0.5 }),
    aPostRow({ published_at: '2026-11-24T10:00:00Z', model_label: 'negative', model_score: -0.4 }),
    aPostRow({ published_at: '2026-11-24T10:30:00Z', model_label: 'not_scored', model_score: null }),
  ]);
  const api = await startApi(db);
  const { status, body } = await api.call('/v1/series?period=24h');
  expect(status).toBe(200);
  expect(body.buckets).toHaveLength(24);
  expect(body).toMatchObject({
    bucket: 'hour',
    source: 'rollups',
    range: { from: '2026-11-23T12:00:00.000Z', to: '2026-11-24T12:00:00.000Z' },
  });
  expect(body.buckets[21]).toMatchObject({
    start: '2026-11-24T09:00:00.000Z',
    local: '2026-11-24T09:00',
    utc_offset: '+00:00',
    hours: 1,
    n: 1,
    net: 1,
    mean_score: 0.5,
    partial: false,
  });
  expect(body.buckets[22]).toMatchObject({ n: 2, scored: 1, not_scored: 1, net: -1, coverage: 0.5 });
  expect(body.buckets[23]).toMatchObject({
    n: 0,
    net: null,
    ci_low: null,
    ci_high: null,
    mean_score: null,
    coverage: null,
    partial: true,
  });
  expect(body.total).toMatchObject({ n: 3, scored: 2, net: 0, mean_score: 0.05 });
});

test('local days have the hours that the clocks give them, and hold the posts of those hours', async ({ db }) => {
  await aSource(db);
  await storePosts(db, [
    aPostRow({ published_at: '2026-09-19T22:59:00Z' }), // 23:59 of the day before
    aPostRow({ published_at: '2026-09-19T23:00:00Z' }),
    aPostRow({ published_at: '2026-09-20T23:59:59Z' }), // 23:59:59 at +00:00
    aPostRow({ published_at: '2026-09-21T00:00:00Z' }),
  ]);
  const api = await startApi(db);
  const days = async (from: string, to: string) =>
    (await api.call(`/v1/series?from=${from}&to=${to}&bucket=day`)).body.buckets;
  expect(
    (await days('2026-02-13T23:00:00Z', '2026-02-17T00:00:00Z')).map((b: { local: string; hours: number }) => [
      b.local,
      b.hours,
    ]),
  ).toEqual([
    ['2026-02-14T00:00', 24],
    ['2026-02-15T00:00', 25],
    ['2026-02-16T00:00', 24],
  ]);
  expect((await days('2026-03-22T00:00:00Z', '2026-03-22T23:00:00Z'))[0]).toMatchObject({ hours: 23, partial: false });
  const september = await days('2026-09-18T23:00:00Z', '2026-09-22T00:00:00Z');
  expect(september.map((b: { local: string; hours: number; n: number }) => [b.local, b.hours, b.n])).toEqual([
    ['2026-09-19T00:00', 24, 1],
    ['2026-09-20T00:00', 25, 2],
    ['2026-09-21T00:00', 24, 1],
  ]);
  expect(september[1]).toMatchObject({ start: '2026-09-19T23:00:00.000Z', utc_offset: '+01:00', partial: false });
  const cut = await days('2026-09-19T12:00:00Z', '2026-09-20T12:00:00Z');
  expect(cut.map((b: { hours: number; partial: boolean; n: number }) => [b.hours, b.partial, b.n])).toEqual([
    [11, true, 1],
    [13, true, 1],
  ]);
});

const FILTERS = [
  '',
  'topic=data_centres',
  'topic=data_centres&label=negative',
  'topic=data_centres,investment',
  'topic!=energy',
  'topic=energy&topic!=jobs',
  'language=fr,ar',
  'language!=fr&kind=post',
  'source=1&label!=not_scored',
  'source!=1&topic=energy',
  'label=not_scored',
];

test('totals, series of any bucket, breakdowns, lists and files agree to the unit', async ({ db }) => {
  await filled(db);
  const api = await startApi(db);
  for (const period of ['period=7d', 'from=2026-10-20T05:00:00Z&to=2026-11-22T17:00:00Z']) {
    for (const filter of FILTERS) {
      const query = `${period}&${filter}`;
      const { body: posts } = await api.call(`/v1/posts?${query}&include=total&limit=1`);
      const { body: daily } = await api.call(`/v1/series?${query}&bucket=day`);
      const n = daily.total.n;
      expect([query, posts.total]).toEqual([query, n]);
      expect(n).toBeGreaterThan(0);
      for (const bucket of ['6h', 'week', 'month']) {
        const { body } = await api.call(`/v1/series?${query}&bucket=${bucket}`);
        expect([query, bucket, body.total]).toEqual([query, bucket, daily.total]);
        expect(body.buckets.reduce((sum: number, b: { n: number }) => sum + b.n, 0)).toBe(n);
      }
      for (const by of ['language', 'source', 'kind', 'label']) {
        const { body } = await api.call(`/v1/breakdown?${query}&by=${by}`);
        expect([query, by, body.total]).toEqual([query, by, daily.total]);
        expect(body.rows.reduce((sum: number, row: { n: number }) => sum + row.n, 0)).toBe(n);
      }
      const csv = await api.call(`/v1/posts?${query}&format=csv`);
      expect(csv.text.trimEnd().split('\r\n')).toHaveLength(n + 1);
    }
  }
}, 120_000);

test('a day of the series is what the same filter and range list as posts', async ({ db }) => {
  await filled(db);
  const api = await startApi(db);
  const { body } = await api.call('/v1/series?period=30d&bucket=day&topic=data_centres&label=negative');
  for (const bucket of body.buckets) {
    const to = new Date(Date.parse(bucket.start) + bucket.hours * 3_600_000).toISOString();
    const { body: page } = await api.call(
      `/v1/posts?from=${bucket.start}&to=${to}&topic=data_centres&label=negative&limit=100`,
    );
    expect([bucket.local, page.posts.length]).toEqual([bucket.local, bucket.n]);
  }
});

test('several topics count a post once, and say that the posts were counted', async ({ db }) => {
  await aSource(db);
  const topic = (id: number) => ({ topic: id, model_label: 'negative' as const, human_label: null, model_score: -0.5 });
  await storePosts(db, [aPostRow({ topics: [topic(1), topic(2)] }), aPostRow({ topics: [topic(2)] }), aPostRow({})]);
  const api = await startApi(db);
  const total = async (filter: string) => (await api.call(`/v1/breakdown?period=7d&by=topic&${filter}`)).body;
  expect(await total('topic=data_centres')).toMatchObject({ source: 'rollups', total: { n: 1, negative: 1 } });
  const both = await total('topic=data_centres,investment');
  expect(both).toMatchObject({ source: 'posts', total: { n: 2, positive: 2 } });
  expect(both.rows.map((row: { key: string; n: number; negative: number }) => [row.key, row.n, row.negative])).toEqual([
    ['investment', 2, 2],
    ['data_centres', 1, 1],
  ]);
  expect(await total('topic!=data_centres')).toMatchObject({
    source: 'posts',
    total: { n: 2 },
    rows: [{ key: 'investment', n: 1 }],
  });
  expect((await total('')).rows.map((row: { key: string }) => row.key)).toEqual(['investment', 'data_centres']);
});

test('a comparison gives the stretch of equal length before, and the change with its interval', async ({ db }) => {
  await aSource(db);
  const at = (day: string, label: 'positive' | 'negative', count: number) =>
    Array.from({ length: count }, () =>
      aPostRow({
        published_at: `${day}T10:00:00Z`,
        model_label: label,
        model_score: label === 'positive' ? 0.5 : -0.5,
      }),
    );
  await storePosts(db, [
    ...at('2026-11-23', 'negative', 30),
    ...at('2026-11-16', 'positive', 20),
    ...at('2026-11-16', 'negative', 10),
  ]);
  const api = await startApi(db);
  const { body } = await api.call('/v1/series?period=7d&bucket=day&compare=previous');
  expect(body.range.previous).toEqual({ from: '2026-11-10T12:00:00.000Z', to: '2026-11-17T12:00:00.000Z' });
  expect(body.total).toMatchObject({ n: 30, net: -1, previous: { n: 30, net: 0.333333 }, change: -1.333333 });
  expect(body.total.change_ci[1]).toBeLessThan(0);
  const monday = body.buckets.find((b: { local: string }) => b.local === '2026-11-23T00:00');
  expect(monday).toMatchObject({ n: 30, previous: { n: 30, positive: 20 } });
  const { body: byLabel } = await api.call('/v1/breakdown?period=7d&by=label&compare=previous');
  expect(
    byLabel.rows.map((row: { key: string; n: number; previous: { n: number } }) => [row.key, row.n, row.previous.n]),
  ).toEqual([
    ['negative', 30, 10],
    ['positive', 0, 20],
  ]);
});

test('a bucket with a known gap of an active source of the scope is not complete', async ({ db }) => {
  const source = await aSource(db, { name: 'gappy' });
  const other = await aSource(db, { name: 'other' });
  await run(
    db,
    `insert into source_hours (source_id, hour, state) values ($1, '2026-11-24T09:00Z', 'missing'), ($1, '2026-11-24T08:00Z', 'collected')`,
    [source.id],
  );
  const api = await startApi(db);
  const gaps = async (filter: string) => {
    const { body } = await api.call(`/v1/series?period=24h&${filter}`);
    return [
      body.complete,
      body.buckets.filter((b: { complete: boolean }) => !b.complete).map((b: { local: string }) => b.local),
    ];
  };
  expect(await gaps('')).toEqual([false, ['2026-11-24T09:00']]);
  expect(await gaps(`source=${other.id}`)).toEqual([true, []]);
  await run(db, `update sources set state = 'paused' where id = $1`, [source.id]);
  expect(await gaps('')).toEqual([true, []]);
});

test('the automatic bucket follows the period, and stays below 93 for other ranges', async ({ db }) => {
  const api = await startApi(db);
  const sizeOf = async (range: string) => (await api.call(`/v1/series?${range}`)).body.bucket;
  expect(await Promise.all(['24h', '7d', '30d', '90d', '12mo'].map((period) => sizeOf(`period=${period}`)))).toEqual([
    'hour',
    '3h',
    'day',
    'day',
    'week',
  ]);
  expect(await sizeOf('from=2026-11-01T00:00:00Z&to=2026-11-04T20:00:00Z')).toBe('hour');
  expect(await sizeOf('from=2026-11-01T00:00:00Z&to=2026-11-04T21:00:00Z')).toBe('3h');
  expect(await sizeOf('from=2015-01-01T00:00:00Z&to=2026-01-01T00:00:00Z')).toBe('month');
});

test('an unencoded offset is understood, and a range is snapped outward', async ({ db }) => {
  const api = await startApi(db);
  const { body } = await api.call('/v1/series?from=2026-11-20T10:20:00+01:00&to=2026-11-20T12:01:00+01:00');
  expect(body.range).toMatchObject({ from: '2026-11-20T09:00:00.000Z', to: '2026-11-20T12:00:00.000Z' });
});

test('a query gives chosen metrics by two dimensions, in the figures of series and breakdown', async ({ db }) => {
  await filled(db);
  const api = await startApi(db);
  const { body } = await api.call('/v1/query', {
    json: {
      metrics: ['n', 'net'],
      by: ['time', 'language'],
      period: '30d',
      bucket: 'week',
      filters: { 'language!': ['en'] },
    },
  });
  const { body: series } = await api.call('/v1/series?period=30d&bucket=week&language!=en');
  const sum = body.rows.reduce((total: number, row: { n: number }) => total + row.n, 0);
  expect(sum).toBe(series.total.n);
  expect(Object.keys(body.rows[0]).toSorted()).toEqual(['language', 'local', 'n', 'net', 'time']);
  const alone = await api.call('/v1/query', { json: { metrics: ['n'], period: '30d' } });
  expect(alone.body.rows).toHaveLength(1);
  const byTime = await api.call('/v1/query', { json: { metrics: ['n'], by: ['time'], period: '24h' } });
  expect(byTime.body.rows).toHaveLength(24);
  const csv = await api.call('/v1/query?format=csv', {
    json: { metrics: ['n'], by: ['topic', 'label'], period: '30d' },
  });
  expect(csv.text.split('\r\n')[0]).toBe('\ufefftopic,label,n');
});

test('a wrong parameter is named, and nothing is guessed', async ({ db }) => {
  const api = await startApi(db);
  const wrong: [string, string][] = [
    ['/v1/series?foo=1', '?foo'],
    ['/v1/series?period=8d', '?period'],
    ['/v1/series?from=yesterday', '?from'],
    ['/v1/series?to=2026-11-20T00:00:00Z', '?from'],
    ['/v1/series?from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z', '?to'],
    ['/v1/series?from=2026-11-20T00:00:00Z&period=7d', '?period'],
    ['/v1/series?from=2010-11-20T00:00:00Z&bucket=hour', '?bucket'],
    ['/v1/series?topic=weather', '?topic'],
    ['/v1/series?topic=', '?topic'],
    ['/v1/series?language!=f', '?language!'],
    ['/v1/series?source=99', '?source'],
    ['/v1/series?bucket=day&bucket=week', '?bucket'],
    ['/v1/breakdown', '?by'],
    ['/v1/breakdown?by=mood', '?by'],
  ];
  for (const [path, pointer] of wrong) {
    const { status, body, headers } = await api.call(path);
    expect([path, status, body.errors?.[0]?.pointer]).toEqual([path, 422, pointer]);
    expect(headers.get('content-type')).toContain('application/problem+json');
  }
});

test('topics, sources and an added feed are described with names and local times', async ({ db }) => {
  const api = await startApi(db);
  const { body: topics } = await api.call('/v1/topics');
  expect(topics.topics.map((topic: { code: string }) => topic.code)).toEqual([...TOPIC_CODES]);
  const source = await inTransaction(db, (tx) =>
    createSource(tx, {
      kind: 'feed',
      name: 'Le Journal',
      site: 'lejournal.ma',
      settings: { url: 'https://lejournal.ma/rss', secret: 'x' },
      keep: 'all',
      everyMinutes: 15,
    }),
  );
  await run(
    db,
    `update source_state set next_run_at = '2026-02-10T12:00Z', notes = '[{"code": "empty_items", "detail": "2"}]'
     where source_id = $1`,
    [source.id],
  );
  const { body } = await api.call('/v1/sources');
  expect(body.sources).toMatchObject([
    {
      name: 'Le Journal',
      health: 'waiting',
      notes: [{ code: 'empty_items', detail: '2' }],
      url: 'https://lejournal.ma/rss',
      next_run_at: '2026-02-10T12:00:00.000Z',
      next_run_local: '2026-02-10T13:00:00',
    },
  ]);
  expect(JSON.stringify(body)).not.toContain('secret');
});
