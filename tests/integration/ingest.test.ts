/** Ingest: one post is one post, whatever is replayed, and the rollups always equal a recount. */
import fc from 'fast-check';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { inTransaction, one } from '../../shared/store/db.ts';
import { loadRows, lockPosts, movePosts } from '../../shared/store/posts.ts';
import { ingest } from '../../workers/ingest.ts';
import { aPost, aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { emptyDatabase, expect, test } from '../helpers/db.ts';

const nothing = async () => undefined;

test('a post collected twice is counted once', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' as const };
  const page = [seen({ external_id: '1' }), seen({ external_id: '2' })];
  expect(await ingest(ingestDeps(db), origin, page, nothing)).toMatchObject({ added: 2 });
  expect(await ingest(ingestDeps(db), origin, page, nothing)).toEqual({ seen: 2 });
  expect(await one(db, 'select sum(n)::int as n from rollup_hour where topic = 0')).toEqual({ n: 2 });
  expect(await wrongCells(db)).toEqual([]);
});

test('one post seen through two sources is one post, and both sources are known', async ({ db }) => {
  const [a, b] = [await aSource(db, { name: 'a' }), await aSource(db, { name: 'b' })];
  const event = seen({ external_id: 'shared' });
  for (const { id } of [a, b])
    await ingest(ingestDeps(db), { sourceId: id, importId: null, keep: 'all' }, [event], nothing);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 1 });
  expect(await one(db, 'select count(*)::int as n from post_sources')).toEqual({ n: 2 });
});

test('a re-dated and a dateless sighting of a known post change nothing', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' as const };
  const post = aPost({ external_id: 'dated', published_at: '2026-10-01T08:00:00Z' });
  const { published_at: _, ...dateless } = post;
  await ingest(ingestDeps(db), origin, [{ type: 'post', post }], nothing);
  await ingest(
    ingestDeps(db),
    origin,
    [{ type: 'post', post: { ...post, published_at: '2026-11-01T08:00:00Z' } }],
    nothing,
  );
  await ingest(ingestDeps(db), origin, [{ type: 'edit', post: dateless }], nothing);
  expect(await one(db, 'select published_at, revision from post_keys')).toEqual({
    published_at: new Date('2026-10-01T08:00:00Z'),
    revision: 1,
  });
  expect(await wrongCells(db)).toEqual([]);
});

test('an edit replaces text and numbers, keeps the instant and proves what was there', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' as const };
  const post = aPost({ external_id: 'edited', text: 'The data center is great and wonderful.' });
  await ingest(ingestDeps(db), origin, [{ type: 'post', post }], nothing);
  await ingest(
    ingestDeps(db),
    origin,
    [{ type: 'edit', post: { ...post, text: 'The data center is a terrible failure.' } }],
    nothing,
  );
  expect(await one(db, 'select text, label, revision from posts')).toEqual({
    text: 'The data center is a terrible failure.',
    label: 'negative',
    revision: 2,
  });
  expect(await one(db, 'select revision, length(content_hash) as length from post_revisions')).toEqual({
    revision: 1,
    length: 64,
  });
  expect(await wrongCells(db)).toEqual([]);
});

test('a deleted post leaves a tombstone, no text, no numbers, and never comes back', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' as const };
  const post = aPost({ external_id: 'gone' });
  await ingest(ingestDeps(db), origin, [{ type: 'post', post }], nothing);
  await ingest(ingestDeps(db), origin, [{ type: 'delete', site: post.site, external_id: 'gone' }], nothing);
  await ingest(
    ingestDeps(db),
    origin,
    [
      { type: 'post', post },
      { type: 'edit', post },
    ],
    nothing,
  );
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
  expect(await one(db, 'select deleted from post_keys')).toEqual({ deleted: true });
  expect(await wrongCells(db)).toEqual([]);
  expect(await one(db, 'select coalesce(sum(n), 0)::int as n from rollup_hour')).toEqual({ n: 0 });
});

test('a deletion that comes before its post keeps the post out', async ({ db }) => {
  const source = await aSource(db);
  const post = aPost({ external_id: 'early' });
  const events: CollectedEvent[] = [
    { type: 'delete', site: post.site, external_id: 'early' },
    { type: 'post', post },
  ];
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, events, nothing);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
});

test('closing an account removes all its posts at that site and no one else’s', async ({ db }) => {
  const source = await aSource(db);
  const events: CollectedEvent[] = [
    seen({ author: 'amal' }),
    seen({ author: 'amal' }),
    seen({ author: 'driss' }),
    seen({ author: 'amal', site: 'elsewhere.ma' }),
    { type: 'delete_author', site: 'example.ma', author: 'amal' },
  ];
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, events, nothing);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 2 });
  expect(await wrongCells(db)).toEqual([]);
});

test('a source that keeps what matches counts what it drops', async ({ db }) => {
  const source = await aSource(db, { keep: 'matching' });
  const events = [seen(), seen({ text: 'A recipe for tea with mint.' }), seen({ text: '\u0000  ' })];
  const outcomes = await ingest(
    ingestDeps(db),
    { sourceId: source.id, importId: null, keep: 'matching' },
    events,
    nothing,
  );
  expect(outcomes).toMatchObject({ added: 1, off_topic: 1, empty: 1 });
  expect(await one(db, `select sum(n)::int as n from source_counts where outcome in ('off_topic', 'empty')`)).toEqual({
    n: 2,
  });
});

test('NUL, lone surrogates and future dates are cleaned at the edge', async ({ db }) => {
  const source = await aSource(db);
  const event = seen({
    text: 'Broken \ud83d text\u0000 here',
    published_at: '2199-01-01T00:00:00Z',
    author: 'a\u0000b',
  });
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, [event], nothing);
  expect(await one(db, 'select text, published_at <= now() as past from posts')).toEqual({
    text: 'Broken \ufffd text here',
    past: true,
  });
});

test('a post that the database refuses goes to quarantine and its neighbours are stored', async ({ db }) => {
  const source = await aSource(db);
  const events = Array.from({ length: 9 }, () => seen());
  const bad = seen({ external_id: 'bad' });
  await db.query(`alter table posts add constraint no_bad check (external_id <> 'bad')`);
  try {
    const outcomes = await ingest(
      ingestDeps(db),
      { sourceId: source.id, importId: null, keep: 'all' },
      [...events, bad, seen()],
      nothing,
    );
    expect(outcomes).toMatchObject({ added: 10, quarantined: 1 });
    expect(await one(db, `select event #>> '{post,external_id}' as id from dead_posts`)).toEqual({ id: 'bad' });
    expect(await wrongCells(db)).toEqual([]);
  } finally {
    await db.query('alter table posts drop constraint no_bad');
  }
});

test('what is committed with the posts fails with them', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' as const };
  const failing = ingest(ingestDeps(db), origin, [seen()], async () => {
    throw new Error('cursor refused');
  });
  await expect(failing).rejects.toThrow('cursor refused');
  expect(
    await one(db, 'select (select count(*) from posts)::int as p, (select count(*) from rollup_hour)::int as r'),
  ).toEqual({ p: 0, r: 0 });
});

test('eight writers of overlapping batches lose nothing, count nothing twice and do not deadlock', async ({ db }) => {
  const source = await aSource(db);
  const all = Array.from({ length: 240 }, (_, i) =>
    seen({ external_id: `c${i}`, published_at: new Date(Date.UTC(2026, 10, 20, i % 24)).toISOString() }),
  );
  const batches = Array.from({ length: 24 }, (_, i) => all.filter((_, j) => (j * 7 + i) % 3 !== 0));
  const shuffled = batches.map((batch, i) => (i % 2 ? batch.toReversed() : batch));
  await Promise.all(
    shuffled.map((batch) =>
      ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, batch, nothing),
    ),
  );
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 240 });
  expect(await one(db, 'select sum(n)::int as n from rollup_day where topic = 0')).toEqual({ n: 240 });
  expect(await wrongCells(db)).toEqual([]);
});

test('labels and exclusions move numbers through the same statement', async ({ db, zone }) => {
  const source = await aSource(db);
  await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, [seen(), seen()], nothing);
  const change = (how: (row: { human_label: unknown; excluded_at: string | null }) => object) =>
    inTransaction(db, async (tx) => {
      const ids = (await tx.query<{ post_id: number }>('select post_id from posts order by 1 limit 1')).rows.map(
        (row) => row.post_id,
      );
      const keys = await lockPosts(tx, ids);
      const rows = await loadRows(tx, keys);
      return movePosts(
        tx,
        zone,
        keys.flatMap((key) => {
          const row = rows.get(key.post_id);
          return row ? [{ op: 'update' as const, key, after: { ...row, ...how(row) } }] : [];
        }),
      );
    });
  await change(() => ({ human_label: 'negative' }));
  expect(
    await one(db, 'select sum(negative)::int as negative, sum(n)::int as n from rollup_hour where topic = 0'),
  ).toEqual({ negative: 1, n: 2 });
  expect(await wrongCells(db)).toEqual([]);
  await change(() => ({ excluded_at: '2026-11-24T00:00:00Z' }));
  expect(await one(db, 'select sum(n)::int as n from rollup_hour where topic = 0')).toEqual({ n: 1 });
  await change(() => ({ excluded_at: null, human_label: null }));
  expect(
    await one(db, 'select sum(n)::int as n, sum(negative)::int as negative from rollup_hour where topic = 0'),
  ).toEqual({ n: 2, negative: 0 });
  expect(await wrongCells(db)).toEqual([]);
});

test('any sequence of sightings, edits and deletions leaves rollups equal to a recount', async ({ db }) => {
  const texts = [
    'The data center is great.',
    'Water is scarce, terrible.',
    'Nothing to see',
    'الماء قليل',
    'Great jobs in the cloud!',
  ];
  const event = fc.record({
    type: fc.constantFrom('post', 'edit', 'delete', 'delete_author'),
    id: fc.integer({ min: 0, max: 5 }),
    text: fc.constantFrom(...texts),
    author: fc.constantFrom('a', 'b'),
    hour: fc.integer({ min: 0, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(event, { maxLength: 8 }), { maxLength: 4 }), async (pages) => {
      await emptyDatabase(db);
      const source = await aSource(db);
      for (const page of pages) {
        const events = page.map((e): CollectedEvent => {
          const site = 'p.ma';
          const external_id = `${e.id}`;
          if (e.type === 'delete') return { type: 'delete', site, external_id };
          if (e.type === 'delete_author') return { type: 'delete_author', site, author: e.author };
          const published_at = new Date(Date.UTC(2026, 8, 19, e.hour)).toISOString();
          return {
            type: e.type === 'edit' ? 'edit' : 'post',
            post: aPost({ site, external_id, text: e.text, author: e.author, published_at }),
          };
        });
        await ingest(ingestDeps(db), { sourceId: source.id, importId: null, keep: 'all' }, events, nothing);
        await ingest(
          ingestDeps(db),
          { sourceId: source.id, importId: null, keep: 'all' },
          events.filter((e) => e.type === 'post'),
          nothing,
        );
      }
      expect(await wrongCells(db)).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

test('a zone that the table does not know stores nothing, rather than posts without numbers', async ({ db }) => {
  const source = await aSource(db);
  const deps = { ...ingestDeps(db), zone: 'No/Such_Zone' };
  await ingest(deps, { sourceId: source.id, importId: null, keep: 'all' }, [seen()], nothing).catch(() => undefined);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
});
