/** Emerging terms over stored posts: what is found, what is not counted, what is kept and counted again. */
import { HOUR_MS, type ScopeHour } from '../../shared/alerts/hours.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { movePosts, type PostRow } from '../../shared/store/posts.ts';
import { readScopeHours } from '../../shared/store/scopeHours.ts';
import { ensureScope, type ScopeFilter } from '../../shared/store/scopes.ts';
import { addTermSignals } from '../../workers/alerts/terms.ts';
import { aPostRow } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

const zone = 'Africa/Casablanca';
/** The end of the newest hour. */
const END = Date.parse('2026-11-24T11:00:00Z');
const DAY_MS = 24 * HOUR_MS;
const WORDS = [
  'fibre',
  'réseau',
  'agence',
  'facture',
  'prix',
  'client',
  'wifi',
  'débit',
  'antenne',
  'contrat',
  'appel',
];

let number = 0;
function aWord(): string {
  number += 1;
  return WORDS[(number * 7919) % WORDS.length] ?? '';
}

/** A post of nobody else, `hours` before END. */
function said(hours: number, text: string, overrides: Partial<PostRow> = {}): PostRow {
  number += 1;
  return aPostRow({
    published_at: new Date(END - hours * HOUR_MS).toISOString(),
    author_key: `author-${number}`,
    language: 'fr',
    text,
    ...overrides,
  });
}

/** A post an hour of the usual words, from `from` to `to` hours before END. */
const usual = (from: number, to = 0) =>
  Array.from({ length: from - to }, (_, i) => said(from - i - 0.1, `${aWord()} ${aWord()} ${aWord()}`));

async function store(db: Db, rows: PostRow[]): Promise<void> {
  await ensurePartitions(
    db,
    rows.map((row) => row.published_at),
  );
  await inTransaction(db, (tx) =>
    movePosts(
      tx,
      zone,
      rows.map((after) => ({ op: 'insert' as const, after })),
    ),
  );
}

const scopeOf = async (db: Db, filter: ScopeFilter = {}) => (await ensureScope(db, filter)).id;

async function look(db: Db, scopeId: number, hours = 1): Promise<ScopeHour[]> {
  const range = { from: new Date(END - hours * HOUR_MS), to: new Date(END) };
  const found = await readScopeHours(db, { scopeId, zone, ...range });
  await addTermSignals({ db, zone }, scopeId, found);
  return found;
}

const windows = (db: Db) =>
  many<{ end: Date; posts: number; xmin: string }>(
    db,
    'select window_end as end, posts, xmin::text from scope_term_windows order by 1',
  );

/** Six people, six texts, one subject. */
const outage = (overrides: (i: number) => Partial<PostRow> = () => ({})) =>
  Array.from({ length: 6 }, (_, i) => said(0.5 + i / 3, `Délestage à Témara ${aWord()} ${i}`, overrides(i)));

test('a term that six people use and nobody used before is found, with the terms of the same posts', async ({ db }) => {
  await store(db, [...usual(15 * 24), ...outage()]);
  const [hour] = await look(db, await scopeOf(db));
  expect(hour?.terms).toHaveLength(1);
  const [topic] = hour?.terms ?? [];
  expect(topic).toMatchObject({ x: 6, authors: 6 });
  expect(topic?.terms).toEqual(expect.arrayContaining(['délestage', 'témara', 'délestage à témara']));
  expect(topic?.terms).toContain(topic?.term);
  expect(topic?.expected).toBeLessThan(0.1);
  expect(topic?.score).toBeGreaterThan(5);
});

test.for<[string, () => Partial<PostRow>]>([
  ['one thread', () => ({ thread: 'a' })],
  ['one author', () => ({ author_key: 'one' })],
  ['copies of one text', () => ({ text_key: '77' })],
  ['articles of one source without an author', () => ({ author_key: null, kind: 'article' })],
  ['another language', () => ({ language: 'en' })],
  ['reposts', () => ({ kind: 'repost' })],
  ['excluded posts', () => ({ excluded_at: '2026-11-24T10:59:00Z' })],
])('nothing comes up from %s', async ([, overrides], { db }) => {
  await store(db, [...usual(15 * 24), ...outage(overrides)]);
  const [hour] = await look(db, await scopeOf(db, { language: ['fr'] }));
  expect(hour?.terms).toEqual([]);
});

test('what was said as often before is no news', async ({ db }) => {
  const before = Array.from({ length: 14 * 8 }, (_, i) =>
    outage().map((row) => ({ ...row, published_at: shift(row, (i + 1) * 3) })),
  );
  await store(db, [...usual(15 * 24), ...outage(), ...before.flat()]);
  const [hour] = await look(db, await scopeOf(db));
  expect(hour?.terms).toEqual([]);
});

const shift = (row: PostRow, hours: number) => new Date(Date.parse(row.published_at) - hours * HOUR_MS).toISOString();

test('a scope of less than a week has no terms yet, an older one has', async ({ db }) => {
  await store(db, [...usual(6 * 24), ...outage()]);
  expect((await look(db, await scopeOf(db)))[0]?.terms).toBeUndefined();
  await store(db, usual(8 * 24, 6 * 24));
  expect((await look(db, await scopeOf(db, { language: ['fr'] })))[0]?.terms).toHaveLength(1);
});

test('the last two weeks of hours get terms, older hours stay without', async ({ db }) => {
  await store(db, [...usual(29 * 24), ...outage()]);
  const hours = await look(db, await scopeOf(db), 15 * 24);
  expect(hours.slice(0, 24).every(({ terms }) => terms === undefined)).toBe(true);
  expect(hours.slice(24).every(({ terms }) => terms !== undefined)).toBe(true);
  expect(hours.at(-1)?.terms).toHaveLength(1);
});

test('terms of many hours at once are those of each hour alone', async ({ db }) => {
  await store(db, [...usual(17 * 24), ...outage()]);
  const scopeId = await scopeOf(db);
  const together = await look(db, scopeId, 30);
  for (const hour of together.slice(-4)) {
    const { terms, ...alone } = hour;
    const again: ScopeHour[] = [alone];
    await addTermSignals({ db, zone }, scopeId, again);
    expect(again[0]?.terms).toEqual(terms);
  }
});

test('windows are counted once, and again when the hours of the scope have other posts', async ({ db }) => {
  await store(db, [...usual(15 * 24), ...outage()]);
  const scopeId = await scopeOf(db);
  await look(db, scopeId);
  const first = await windows(db);
  expect(first).toHaveLength(112);
  await look(db, scopeId);
  expect(await windows(db)).toEqual(first);
  await store(db, [said(30, 'un mot tardif')]);
  const late = Math.ceil((END - 30 * HOUR_MS) / (3 * HOUR_MS)) * 3 * HOUR_MS;
  const old = first.find(({ end }) => end.getTime() === late);
  await run(
    db,
    `insert into scope_hours (scope_id, hour, n, scored, neg, neu, pos, dneg, dneu, dpos, c, authors, threads, complete, version)
     select $1, h, case when row_number() over () = 1 then $3::int else 0 end, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, true, 0
     from generate_series($2::timestamptz - interval '3 hours', $2::timestamptz - interval '1 hour', interval '1 hour') as h`,
    [scopeId, new Date(late), (old?.posts ?? 0) + 1],
  );
  await look(db, scopeId);
  const changed = (await windows(db)).filter((window, i) => window.xmin !== first[i]?.xmin);
  expect(changed.map(({ end, posts }) => [end.getTime(), posts])).toEqual([[late, (old?.posts ?? 0) + 1]]);
});

test('windows of other rules for terms are counted again', async ({ db }) => {
  await store(db, [...usual(15 * 24), ...outage()]);
  const scopeId = await scopeOf(db);
  const [before] = await look(db, scopeId);
  const kept = await many(db, 'select window_end, pairs from scope_term_windows order by 1');
  await run(db, `update scope_term_windows set pairs = set_byte('\\x000000'::bytea, 0, get_byte(pairs, 0) # 1)`);
  expect((await look(db, scopeId))[0]?.terms).toEqual(before?.terms);
  expect(await many(db, 'select window_end, pairs from scope_term_windows order by 1')).toEqual(kept);
});

test('windows older than 16 days are removed', async ({ db }) => {
  await store(db, usual(20 * 24));
  const scopeId = await scopeOf(db);
  await run(db, 'insert into scope_term_windows (scope_id, window_end, posts, pairs) values ($1, $2, 1, $3)', [
    scopeId,
    new Date(END - 20 * DAY_MS),
    Buffer.from([0]),
  ]);
  await look(db, scopeId);
  expect((await windows(db))[0]?.end.getTime()).toBeGreaterThanOrEqual(END - 16 * DAY_MS - HOUR_MS);
});

test('a window keeps no text', async ({ db }) => {
  await store(db, [...usual(15 * 24), ...outage()]);
  await look(db, await scopeOf(db));
  const row = await one<{ held: number }>(
    db,
    `select count(*) as held from scope_term_windows where position('fibre'::bytea in pairs) > 0`,
  );
  expect(row?.held).toBe(0);
});

test('a title counts as text, and an entity in several writings is one term', async ({ db }) => {
  const cities = ['Kaza', 'Casablanca', 'الدار البيضاء', 'Casa', 'كازا', 'Dar Lbida'];
  const posts = cities.map((city, i) =>
    said(0.2 + i / 3, `${city} ${aWord()}`, {
      title: i % 2 === 0 ? 'Inondations' : 'Les inondations !',
      entities: [{ entity: 'city:casablanca', kind: 'place', start: 0, end: city.length }],
    }),
  );
  await store(db, [...usual(15 * 24), ...posts]);
  const [hour] = await look(db, await scopeOf(db));
  expect(hour?.terms?.flatMap(({ terms }) => terms)).toContain('inondations');
  expect(hour?.terms?.flatMap(({ x }) => x)).toEqual([6]);
});
