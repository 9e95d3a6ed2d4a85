/** Loading the sample, killed or not, gives the same rows; removing it leaves everything else as it was. */
import { addFeeds } from '../../infra/commands/demo.ts';
import { loadSample, removeSample } from '../../infra/sample/load.ts';
import { readSampleState, withSampleLock } from '../../infra/sample/state.ts';
import { type Db, many, one, run } from '../../shared/store/db.ts';
import { readSetting } from '../../shared/store/settings.ts';
import { listSources } from '../../shared/store/sources.ts';
import { ingest } from '../../workers/ingest.ts';
import { aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { test as base, expect } from '../helpers/db.ts';

const now = new Date('2026-11-24T07:23:45Z');

/** Settings stay between tests; this one is ours. */
const test = base.extend<{ fresh: undefined }>({
  fresh: [
    async ({ db }, use) => {
      await run(db, "delete from settings where key = 'sample'");
      await use(undefined);
    },
    { auto: true },
  ],
});

/** Everything that is the same after two loads, whatever ids were given. */
async function contents(db: Db): Promise<unknown[]> {
  return [
    await many(
      db,
      `select p.site, p.external_id, p.published_at, p.text, p.kind, p.thread, p.author_key, p.label, p.language, s.name
      from posts p join sources s on s.id = p.source_id order by p.site, p.external_id`,
    ),
    await many(
      db,
      `select s.name, r.topic, r.hour, r.language, r.kind, r.n, r.scored, r.score_sum
      from rollup_hour r join sources s on s.id = r.source_id order by 1, 2, 3, 4, 5`,
    ),
    await many(
      db,
      'select s.name, c.outcome, sum(c.n) as n from source_counts c join sources s on s.id = c.source_id group by 1, 2 order by 1, 2',
    ),
    await many(
      db,
      'select s.name, h.hour, h.state from source_hours h join sources s on s.id = h.source_id order by 1, 2',
    ),
    await many(
      db,
      'select s.name, count(*) as n from post_sources p join sources s on s.id = p.source_id group by 1 order by 1',
    ),
  ];
}

/** All numbers and posts, with ids: equal means untouched. */
async function everything(db: Db): Promise<unknown[]> {
  const tables = [
    'sources',
    'source_state',
    'source_hours',
    'source_counts',
    'posts',
    'post_keys',
    'post_topics',
    'post_entities',
  ];
  const rows = [...tables, 'post_sources', 'post_revisions', 'rollup_hour', 'rollup_day', 'dead_posts'].map((table) =>
    many(db, `select * from ${table} t order by t::text`),
  );
  return Promise.all(rows);
}

test('a load brings marked sources, posts with right numbers and a full ledger', async ({ db }) => {
  const seenProgress: number[] = [];
  const { posts } = await loadSample(ingestDeps(db), {
    now,
    days: 2,
    onProgress: (done, total) => seenProgress.push(done / total),
  });
  expect(posts).toBeGreaterThan(3_000);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: posts });
  expect(seenProgress.at(-1)).toBe(1);
  const sources = await listSources(db);
  expect(
    sources.map(({ name, kind, sample, every_minutes }) => ({
      marked: name.startsWith('Exemple · '),
      kind,
      sample,
      every_minutes,
    })),
  ).toEqual(Array.from({ length: 6 }, () => ({ marked: true, kind: 'sample', sample: true, every_minutes: null })));
  expect(await wrongCells(db)).toEqual([]);
  expect(
    await many(
      db,
      'select state::text, count(*)::int as n, min(hour) as first, max(hour) as last from source_hours group by 1',
    ),
  ).toEqual([
    { state: 'collected', n: 6 * 49, first: new Date('2026-11-22T07:00:00Z'), last: new Date('2026-11-24T07:00:00Z') },
  ]);
  expect(await readSetting(db, 'sample')).toMatchObject({ state: 'loaded', now: now.toISOString() });
  expect(await loadSample(ingestDeps(db), { now: new Date(), days: 2 })).toEqual({ posts: 0 });
});

test('a load that is cut again and again ends with the rows of one that was not, and keeps its first moment', async ({
  db,
}) => {
  await loadSample(ingestDeps(db), { now, days: 2 });
  const whole = await contents(db);
  await removeSample(db, 'Africa/Casablanca');
  let cuts = 0;
  for (const stopAfter of [1, 2, 3, 5]) {
    const stop = new AbortController();
    let batches = 0;
    const cut = loadSample(ingestDeps(db), {
      now: cuts === 0 ? now : new Date('2026-11-25T12:00:00Z'),
      days: 2,
      signal: stop.signal,
      onProgress: () => ++batches === stopAfter && stop.abort(new Error('killed')),
    });
    await expect(cut).rejects.toThrow('killed');
    expect(await readSampleState(db)).toMatchObject({ state: 'loading', now: now.toISOString() });
    expect(await wrongCells(db)).toEqual([]);
    cuts++;
  }
  await loadSample(ingestDeps(db), { now: new Date('2026-11-25T12:00:00Z'), days: 2 });
  expect(await contents(db)).toEqual(whole);
});

test('a batch whose transaction fails is neither stored nor taken for stored', async ({ db }) => {
  await loadSample(ingestDeps(db), { now, days: 1 });
  const whole = await contents(db);
  await removeSample(db, 'Africa/Casablanca');
  // The third cursor that is saved breaks its transaction, after its posts were written.
  await run(db, 'create sequence sample_batches');
  await run(
    db,
    `create function sample_break() returns trigger language plpgsql as $$ begin
       if nextval('sample_batches') = 3 then raise exception 'broken'; end if; return new; end $$`,
  );
  await run(
    db,
    'create trigger sample_break before update of cursor on source_state for each row execute function sample_break()',
  );
  try {
    await expect(loadSample(ingestDeps(db), { now, days: 1 })).rejects.toThrow('broken');
    expect(await wrongCells(db)).toEqual([]);
    await loadSample(ingestDeps(db), { now, days: 1 });
    expect(await contents(db)).toEqual(whole);
  } finally {
    await run(db, 'drop function sample_break cascade');
    await run(db, 'drop sequence sample_batches');
  }
});

test('removing the sample leaves real posts and every number exactly as they were', async ({ db }) => {
  const real = await aSource(db, { name: 'real' });
  const origin = { sourceId: real.id, importId: null, keep: 'all' as const };
  const mixed = Array.from({ length: 40 }, (_, i) =>
    seen({ external_id: `real-${i}`, published_at: new Date(now.getTime() - i * 3_600_000).toISOString() }),
  );
  await ingest(ingestDeps(db), origin, mixed, async () => undefined);
  const before = await everything(db);
  const { posts } = await loadSample(ingestDeps(db), { now, days: 2 });
  // What people and sites do to sample posts in the meantime.
  await run(
    db,
    "insert into post_keys (site, external_id, published_at, deleted) values ('sample.social', 'gone', now(), true)",
  );
  expect(await removeSample(db, 'Africa/Casablanca')).toEqual({ posts });
  expect(await everything(db)).toEqual(before);
  expect(await readSetting(db, 'sample')).toEqual({ state: 'removed' });
  expect(await removeSample(db, 'Africa/Casablanca')).toEqual({ posts: 0 });
});

test('a half-loaded sample is removed, and loads anew afterwards', async ({ db }) => {
  const stop = new AbortController();
  const cut = loadSample(ingestDeps(db), {
    now,
    days: 2,
    signal: stop.signal,
    onProgress: (done) => done > 1_000 && stop.abort(new Error('killed')),
  });
  await expect(cut).rejects.toThrow('killed');
  await removeSample(db, 'Africa/Casablanca');
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
  const { posts } = await loadSample(ingestDeps(db), { now, days: 1 });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: posts });
});

test('a removal that was cut is finished before the next load', async ({ db }) => {
  await loadSample(ingestDeps(db), { now, days: 2 });
  const stopped = AbortSignal.abort(new Error('killed'));
  await expect(removeSample(db, 'Africa/Casablanca', stopped)).rejects.toThrow('killed');
  expect(await readSampleState(db)).toEqual({ state: 'removing' });
  const { posts } = await loadSample(ingestDeps(db), { now, days: 1 });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: posts });
  expect(await wrongCells(db)).toEqual([]);
});

test('two processes cannot load and remove at the same time', async ({ db }) => {
  await withSampleLock(db, async () => {
    await expect(loadSample(ingestDeps(db), { now, days: 1 })).rejects.toMatchObject({ code: 'conflict' });
    await expect(removeSample(db, 'Africa/Casablanca')).rejects.toMatchObject({ code: 'conflict' });
  });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
});

test('going live adds each default feed once, whatever it is called meanwhile', async ({ db }) => {
  const feeds = [
    { name: 'A', url: 'https://a.example/feed', site: 'a.example', default: true },
    { name: 'B', url: 'https://b.example/feed', site: 'b.example', default: true },
  ];
  expect(await addFeeds(db, feeds)).toEqual({ added: ['A', 'B'], known: 0 });
  await run(db, "update sources set name = 'renamed' where name = 'B'");
  expect(await addFeeds(db, feeds)).toEqual({ added: [], known: 2 });
  expect(
    (await listSources(db)).map(({ kind, keep, every_minutes, sample }) => ({ kind, keep, every_minutes, sample })),
  ).toEqual(Array.from({ length: 2 }, () => ({ kind: 'feed', keep: 'matching', every_minutes: 15, sample: false })));
});
