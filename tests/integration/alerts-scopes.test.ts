/** Hours of scopes: equal to a plain recount whatever happens to posts, sources, workers and clocks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { mulberry32, pick, type Random } from '../../infra/sample/random.ts';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import type { PostKind } from '../../shared/contracts/words.ts';
import type { AppError } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import { addPeriod, changePeriod, listPeriods, removePeriod } from '../../shared/store/calendar.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { dropMonth, ensurePartitions } from '../../shared/store/partitions.ts';
import { type Change, loadRows, lockPosts, movePosts, type PostRow } from '../../shared/store/posts.ts';
import { readScopeHours } from '../../shared/store/scopeHours.ts';
import { ensureScope, findScope, lockScope, type ScopeFilter, scopesToFill } from '../../shared/store/scopes.ts';
import { markHours, markRunFailed, markRunOk } from '../../shared/store/sources.ts';
import { bumpVersion, movedHours, noteEvent, pruneLog, readEvents, readVersion } from '../../shared/store/version.ts';
import { fillScope, updateScopes } from '../../workers/alerts/scopes.ts';
import { ingest } from '../../workers/ingest.ts';
import { aPostRow, aSource, ingestDeps, seen } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';
import { until } from '../helpers/drivers.ts';

const ZONE = 'Africa/Casablanca';
const HOUR = 3_600_000;
const log = createLog('test', 'silent');
const never = new AbortController().signal;
const NOW = new Date('2026-11-24T11:20:00Z');
/** End of the newest closed hour at NOW. */
const CLOSED = new Date('2026-11-24T11:00:00Z');

const at = (hoursBefore: number, minutes = 0) =>
  new Date(CLOSED.getTime() - hoursBefore * HOUR + minutes * 60_000).toISOString();

/** Changes posts as ingest does: moved, and logged. */
async function change(db: Db, changes: readonly Change[]): Promise<number[]> {
  await ensurePartitions(
    db,
    changes.flatMap((item) => (item.op === 'insert' ? [item.after.published_at] : [])),
  );
  return inTransaction(db, async (tx) => {
    const moved = await movePosts(tx, ZONE, changes);
    const hours = movedHours([moved]);
    if (hours) await bumpVersion(tx, { event: 'posts', payload: hours });
    return [...moved.inserted.values()];
  });
}

const store = (db: Db, rows: readonly PostRow[]) =>
  change(
    db,
    rows.map((after) => ({ op: 'insert', after })),
  );

async function edit(db: Db, id: number, of: (row: PostRow) => PostRow): Promise<void> {
  await inTransaction(db, async (tx) => {
    const keys = await lockPosts(tx, [id]);
    const [key, row] = [keys[0], (await loadRows(tx, keys)).get(id)];
    if (!key || !row) return;
    const hours = movedHours([await movePosts(tx, ZONE, [{ op: 'update', key, after: of(row) }])]);
    if (hours) await bumpVersion(tx, { event: 'posts', payload: hours });
  });
}

async function remove(db: Db, id: number): Promise<void> {
  await inTransaction(db, async (tx) => {
    const keys = (await lockPosts(tx, [id])).filter((key) => !key.deleted);
    const moved = await movePosts(
      tx,
      ZONE,
      keys.map((key): Change => ({ op: 'delete', key })),
    );
    const hours = movedHours([moved]);
    if (hours) await bumpVersion(tx, { event: 'posts', payload: hours });
  });
}

/** A scope with a rule on it. */
async function aScope(db: Db, filter: ScopeFilter = {}): Promise<number> {
  const { id } = await ensureScope(db, filter);
  await run(
    db,
    `insert into alert_rules (name, scope_id, metric, body, parameters) values ($1, $2, 'net', '{}', '{}')`,
    [`rule on ${JSON.stringify(filter)}`, id],
  );
  return id;
}

const update = (db: Db, now = NOW) => updateScopes({ db, log, now });
const fill = (db: Db, id: number, now = NOW) => fillScope({ db, log, now: () => now }, id, never);

/** Filled and up to date. */
async function ready(db: Db, filter: ScopeFilter = {}): Promise<number> {
  const id = await aScope(db, filter);
  await fill(db, id);
  await update(db);
  return id;
}

const FIGURES = 'n, scored, neg, neu, pos, dneg, dneu, dpos, c, authors, threads';
interface StoredHour extends Record<string, unknown> {
  hour: string;
  n: number;
  revision: number;
  complete: boolean;
}

const stored = (db: Db, id: number) =>
  many<StoredHour>(
    db,
    `select to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24') as hour, ${FIGURES}, complete, revision
     from scope_hours where scope_id = $1 order by scope_hours.hour`,
    [id],
  );

const figures = async (db: Db, id: number) =>
  (await stored(db, id)).filter((hour) => hour.n > 0).map(({ revision, complete, ...rest }) => rest);

const hourOf = async (db: Db, id: number, hoursBefore: number) =>
  (await stored(db, id)).find((hour) => hour.hour === at(hoursBefore).slice(0, 13));

interface Naive {
  hour: string;
  text_key: string;
  at: number;
  post_id: number;
  label: string;
  cluster: string;
  author: string | null;
  thread: string | null;
}

/** What the hours should be, one post after another, from the tables alone. */
async function naive(db: Db, filter: ScopeFilter, codes: Record<string, number> = {}): Promise<unknown[]> {
  const posts = await many<Record<string, unknown>>(
    db,
    `select p.*, p.text_key::text as text_key, (select json_object_agg(topic, label) from post_topics t where t.post_id = p.post_id) as topics
     from posts p`,
  );
  const ids = (list: readonly string[] | undefined) => (list ?? []).map((code) => String(codes[code] ?? 0));
  const [is, not] = [ids(filter.topic), ids(filter['topic!'])];
  const byHour = new Map<string, Naive[]>();
  for (const post of posts) {
    const topics = (post.topics ?? {}) as Record<string, string>;
    const allowed = (value: unknown, yes?: readonly unknown[], no?: readonly unknown[]) =>
      (!yes || yes.includes(value)) && !no?.includes(value);
    if (post.excluded_at !== null) continue;
    if (post.kind === 'repost' && !filter.kind?.includes('repost')) continue;
    if (!allowed(post.kind, filter.kind, filter['kind!'])) continue;
    if (!allowed(post.language, filter.language, filter['language!'])) continue;
    if (!allowed(post.source_id, filter.source, filter['source!'])) continue;
    if (is.length > 0 && !is.some((topic) => topic in topics)) continue;
    if (not.some((topic) => topic in topics)) continue;
    const own = is.length === 1 && not.length === 0 ? topics[is[0] ?? ''] : post.label;
    const [thread, author] = [post.thread && `${post.site} ${post.thread}`, post.author_key] as [string, string];
    const published = post.published_at as Date;
    const hour = published.toISOString().slice(0, 13);
    const entry: Naive = {
      hour,
      text_key: String(post.text_key),
      at: published.getTime(),
      post_id: Number(post.post_id),
      label: String(own),
      cluster: thread ? `t${thread}` : author ? `a${author}` : `p${post.post_id}`,
      author,
      thread,
    };
    byHour.set(hour, [...(byHour.get(hour) ?? []), entry]);
  }
  return [...byHour.keys()].toSorted().map((hour) => {
    const all = (byHour.get(hour) ?? []).toSorted((a, b) => a.at - b.at || a.post_id - b.post_id);
    const first = new Map<string, Naive>();
    for (const post of all) if (!first.has(post.text_key)) first.set(post.text_key, post);
    const kept = [...first.values()].filter((post) => post.label !== 'not_scored');
    const sizes = new Map<string, number>();
    for (const { cluster } of kept) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
    const count = (list: Naive[], label: string) => list.filter((post) => post.label === label).length;
    const distinct = (key: 'author' | 'thread') => new Set(kept.flatMap((post) => post[key] ?? [])).size;
    return {
      hour,
      n: all.length,
      scored: all.filter((post) => post.label !== 'not_scored').length,
      ...{ neg: count(all, 'negative'), neu: count(all, 'neutral'), pos: count(all, 'positive') },
      ...{ dneg: count(kept, 'negative'), dneu: count(kept, 'neutral'), dpos: count(kept, 'positive') },
      c: [...sizes.values()].reduce((sum, size) => sum + size * size, 0),
      ...{ authors: distinct('author'), threads: distinct('thread') },
    };
  });
}

const LABELS = ['negative', 'neutral', 'positive', 'not_scored'] as const;
const KINDS: PostKind[] = ['post', 'comment', 'article', 'repost'];
const maybe = <T>(random: Random, share: number, value: T): T | null => (random() < share ? value : null);

/** Posts with copies, threads, prolific authors and topics whose label is not the post's. */
function randomPosts(random: Random, count: number, hours: number, sources: readonly number[]): PostRow[] {
  return Array.from({ length: count }, () => {
    const label = pick(random, LABELS);
    const topics = [1, 2, 3].filter(() => random() < 0.3);
    return aPostRow({
      published_at: at(Math.ceil(random() * hours), Math.floor(random() * 60)),
      kind: pick(random, KINDS),
      source_id: pick(random, sources),
      language: pick(random, ['fr', 'ar', 'en']),
      site: pick(random, ['a.ma', 'b.ma']),
      thread: maybe(random, 0.4, `thread-${Math.floor(random() * 4)}`),
      author_key: maybe(random, 0.7, `author-${Math.floor(random() * 5)}`),
      model_label: label,
      model_score: label === 'not_scored' ? null : 0.1,
      excluded_at: maybe(random, 0.05, at(0)),
      ...(random() < 0.4 ? { text_key: String(1_000_000 + Math.floor(random() * 5)) } : {}),
      topics: topics.map((topic) => ({
        topic,
        model_label: pick(random, LABELS),
        human_label: null,
        model_score: null,
      })),
    });
  });
}

const SCOPES: ScopeFilter[] = [
  {},
  { topic: ['energy'] },
  { topic: ['energy', 'water'] },
  { topic: ['energy'], 'topic!': ['water'] },
  { language: ['fr', 'ar'], 'kind!': ['article'] },
  { kind: ['repost', 'post'], 'language!': ['en'] },
  { source: [2], 'topic!': ['jobs'] },
];
const CODES = { energy: 1, water: 2, jobs: 3 };

/** The tests' topics 1, 2, 3 under these codes. */
async function nameTopics(db: Db): Promise<void> {
  const rows = await many<{ id: number; code: string }>(db, 'select id, code from topics');
  for (const [code, id] of Object.entries(CODES)) {
    const now = rows.find((row) => row.id === id)?.code;
    if (now !== code) await run(db, 'update topics set code = $2 where code = $1', [code, `was_${code}`]);
    await run(db, 'update topics set code = $2 where id = $1', [id, code]);
  }
}

describe('figures', () => {
  test('equal a plain recount for every kind of filter, before and after posts change in every way', async ({ db }) => {
    await nameTopics(db);
    const random = mulberry32(7);
    const sources = [(await aSource(db)).id, (await aSource(db, { name: 'second' })).id];
    const ids = await store(db, randomPosts(random, 1_500, 60, sources));
    const scopes = await Promise.all(SCOPES.map((filter) => aScope(db, filter)));
    for (const id of scopes) await fill(db, id);
    await update(db);
    const agree = async () => {
      for (const [index, id] of scopes.entries())
        expect(await figures(db, id)).toEqual(await naive(db, SCOPES[index] ?? {}, CODES));
    };
    await agree();
    expect((await figures(db, scopes[0] ?? 0)).length).toBeGreaterThan(50);
    for (let round = 0; round < 60; round++) {
      const id = pick(random, ids);
      const now = pick(random, ['label', 'text', 'exclude', 'include', 'topic', 'delete', 'late'] as const);
      if (now === 'late') ids.push(...(await store(db, randomPosts(random, 3, 60, sources))));
      else if (now === 'delete') await remove(db, id);
      else
        await edit(db, id, (row) => ({
          ...row,
          ...(now === 'label' ? { human_label: pick(random, LABELS) } : {}),
          ...(now === 'text' ? { text: 'another', text_key: String(1_000_000 + Math.floor(random() * 5)) } : {}),
          ...(now === 'exclude' ? { excluded_at: at(0) } : now === 'include' ? { excluded_at: null } : {}),
          ...(now === 'topic'
            ? { topics: [{ topic: 1, model_label: pick(random, LABELS), human_label: null, model_score: null }] }
            : {}),
        }));
      if (round % 20 === 19) await update(db);
    }
    await agree();
  });

  test('rise in revision where they changed, and nowhere else', async ({ db }) => {
    const { id: source_id } = await aSource(db);
    const rows = [3, 2, 1].map((hour) => aPostRow({ source_id, published_at: at(hour, 10) }));
    const [first = 0] = await store(db, rows);
    const id = await ready(db);
    const revisions = async () => (await stored(db, id)).map((hour) => hour.revision);
    expect(await revisions()).toEqual([1, 1, 1]);
    expect(await update(db)).toEqual([]);
    await edit(db, first, (row) => ({ ...row, title: 'a title changes no figure' }));
    expect(await update(db)).toEqual([]);
    expect(await revisions()).toEqual([1, 1, 1]);
    await edit(db, first, (row) => ({ ...row, human_label: 'negative' }));
    expect(await update(db)).toEqual([{ scopeId: id, from: new Date(at(3)), to: new Date(at(2)) }]);
    expect(await revisions()).toEqual([2, 1, 1]);
    await store(db, [
      aPostRow({ source_id, published_at: at(1, 50) }),
      aPostRow({ source_id, published_at: at(3, 50) }),
    ]);
    expect(await update(db)).toEqual([{ scopeId: id, from: new Date(at(3)), to: new Date(at(0)) }]);
    expect(await revisions()).toEqual([3, 1, 2]);
  });

  test('of an hour come when it has closed, five minutes after its end, and of every hour missed meanwhile', async ({
    db,
  }) => {
    const { id: source_id } = await aSource(db);
    await store(db, [
      aPostRow({ source_id, published_at: at(1, 10) }),
      aPostRow({ source_id, published_at: at(0, 5) }),
    ]);
    const id = await ready(db);
    expect((await stored(db, id)).map(({ hour, n }) => [hour, n])).toEqual([['2026-11-24T10', 1]]);
    expect(await update(db, new Date('2026-11-24T12:04:59Z'))).toEqual([]);
    expect(await update(db, new Date('2026-11-24T12:05:00Z'))).toEqual([
      { scopeId: id, from: CLOSED, to: new Date(at(-1)) },
    ]);
    await update(db, new Date('2026-12-03T12:20:00Z'));
    expect(await stored(db, id)).toHaveLength(1 + 1 + 9 * 24);
    expect(await findScope(db, id)).toMatchObject({ filledTo: new Date('2026-12-03T12:00:00Z'), state: 'ready' });
  });

  test('are recounted everywhere when the log of changes no longer reaches back', async ({ db }) => {
    const { id: source_id } = await aSource(db);
    const [first = 0] = await store(db, [aPostRow({ source_id, published_at: at(70, 10) })]);
    const id = await ready(db);
    await edit(db, first, (row) => ({ ...row, human_label: 'negative' }));
    await run(db, `update data_log set at = now() - interval '9 days'`);
    await pruneLog(db, 48);
    await store(db, [aPostRow({ source_id, published_at: at(5, 10) })]);
    await update(db);
    expect(await hourOf(db, id, 5)).toMatchObject({ n: 1, revision: 2 });
    expect(await hourOf(db, id, 70)).toMatchObject({ neg: 1, pos: 0, revision: 2 });
    expect((await findScope(db, id))?.seenVersion).toBe(await readVersion(db));
  });

  test('of months that retention removed stay, and are not begun', async ({ db }) => {
    const { id: source_id } = await aSource(db);
    const [october, november] = ['2026-10-31T10:10:00.000Z', '2026-11-02T10:10:00.000Z'];
    await store(
      db,
      [october, november].map((published_at) => aPostRow({ source_id, published_at })),
    );
    const id = await ready(db);
    await dropMonth(db, '2026-10-01');
    await store(
      db,
      [october, october, november].map((published_at) => aPostRow({ source_id, published_at })),
    );
    await update(db);
    const days = (hours: StoredHour[]) =>
      hours.filter(({ n }) => n > 0).map(({ hour, n, revision }) => [hour, n, revision]);
    expect(days(await stored(db, id))).toEqual([
      ['2026-10-31T10', 1, 1],
      ['2026-11-02T10', 2, 2],
    ]);
    const later = await ready(db, { language: ['en'] });
    expect(days(await stored(db, later))).toEqual([['2026-11-02T10', 2, 1]]);
    expect((await findScope(db, later))?.filledFrom).toEqual(new Date('2026-11-02T10:00:00Z'));
  });
});

describe('filling', () => {
  test('one scope for one filter, however it is written', async ({ db }) => {
    const made = await Promise.all([
      ensureScope(db, { language: ['fr', 'ar', 'fr'], source: [10, 9], 'topic!': [] as never }),
      ensureScope(db, { source: [9, 10], language: ['ar', 'fr'] }),
    ]);
    expect(new Set(made.map((scope) => scope.id)).size).toBe(1);
    expect((await ensureScope(db, { source: [9] })).id).not.toBe(made[0]?.id);
    expect(await findScope(db, made[0]?.id ?? 0)).toMatchObject({
      filter: { language: ['ar', 'fr'], source: [9, 10] },
    });
    expect(await findScope(db, 999)).toBeUndefined();
  });

  test('begins at the newest hour, ends at the first post of the scope, and a scope without posts is ready at once', async ({
    db,
  }) => {
    const { id: source_id } = await aSource(db);
    const posts = [1, 30, 600, 12_000].map((hour) => aPostRow({ source_id, published_at: at(hour, 10) }));
    await store(db, [...posts, aPostRow({ source_id, language: 'fr', published_at: at(40, 10) })]);
    const [all, french, none] = [
      await aScope(db),
      await aScope(db, { language: ['fr'] }),
      await aScope(db, { language: ['es'] }),
    ];
    const stop = new AbortController();
    stop.abort();
    await fillScope({ db, log, now: () => NOW }, all, stop.signal);
    expect(await findScope(db, all)).toMatchObject({ state: 'filling', filledFrom: CLOSED, filledTo: CLOSED });
    expect(await scopesToFill(db)).toEqual([all, french, none]);
    for (const id of [all, french, none]) await fill(db, id);
    expect(await scopesToFill(db)).toEqual([]);
    // 400 days are 9,600 hours: the oldest post is beyond them.
    expect(await stored(db, all)).toHaveLength(600);
    expect(await findScope(db, french)).toMatchObject({
      state: 'ready',
      filledFrom: new Date(at(40)),
      fillGoal: new Date(at(40)),
    });
    expect(await findScope(db, none)).toMatchObject({ state: 'ready', filledFrom: CLOSED, fillGoal: CLOSED });
    expect(await figures(db, all)).toEqual((await naive(db, {})).slice(1));
  });

  test('goes on after its process was killed in the middle', async ({ db, url }) => {
    const random = mulberry32(11);
    const { id: source_id } = await aSource(db);
    await store(db, randomPosts(random, 400, 3_000, [source_id]));
    const id = await aScope(db);
    await db.query(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.4); return null; end $$;
      create trigger slow after insert on scope_hours for each statement execute function slow()`);
    try {
      const program = fileURLToPath(new URL('../helpers/fillScope.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', program, url, String(id), NOW.toISOString()]);
      const gone = once(child, 'exit');
      await until('two steps', async () => (await stored(db, id)).length > 24, 120_000);
      child.kill('SIGKILL');
      expect((await gone)[1]).toBe('SIGKILL');
    } finally {
      await db.query('drop trigger slow on scope_hours; drop function slow()');
    }
    const half = await findScope(db, id);
    expect(half?.state).toBe('filling');
    const before = await stored(db, id);
    expect(before).toHaveLength((CLOSED.getTime() - (half?.filledFrom?.getTime() ?? 0)) / HOUR);
    await fill(db, id);
    await update(db);
    expect(await figures(db, id)).toEqual(await naive(db, {}));
    expect((await stored(db, id)).slice(-before.length)).toEqual(before);
    expect((await stored(db, id)).every((hour) => hour.revision === 1)).toBe(true);
  }, 180_000);

  test('several updates and fills at once, while posts come and change, count each hour right', async ({ db }) => {
    const random = mulberry32(13);
    const sources = [(await aSource(db)).id];
    const ids = await store(db, randomPosts(random, 600, 300, sources));
    const [id, other] = [await aScope(db), await aScope(db, { language: ['fr'] })];
    const writing = (async () => {
      for (let i = 0; i < 40; i++) {
        ids.push(...(await store(db, randomPosts(random, 4, 300, sources))));
        await edit(db, pick(random, ids), (row) => ({ ...row, human_label: pick(random, LABELS) }));
      }
    })();
    const loop = async (work: () => Promise<unknown>) => {
      for (let i = 0; i < 8; i++) await work();
    };
    const filling = [id, other, id].map((scope) => fill(db, scope));
    await Promise.all([writing, ...filling, ...[1, 2, 3].map(() => loop(() => update(db)))]);
    await update(db);
    expect(await figures(db, id)).toEqual(await naive(db, {}));
    expect(await figures(db, other)).toEqual(await naive(db, { language: ['fr'] }));
    expect(await update(db)).toEqual([]);
  });

  test('a count waits until the one before it is committed; rules are made on the scope meanwhile', async ({ db }) => {
    const { id: source_id } = await aSource(db);
    const [first = 0] = await store(db, [aPostRow({ source_id, published_at: at(3, 10) })]);
    const id = await ready(db);
    const before = await db.connect();
    try {
      await before.query('begin');
      await lockScope(before, id);
      await edit(db, first, (row) => ({ ...row, human_label: 'negative' }));
      let isDone = false;
      const later = update(db).then(() => {
        isDone = true;
      });
      await run(db, 'insert into alert_rules (name, scope_id, metric, body, parameters) values ($1, $2, $3, $4, $4)', [
        'another',
        id,
        'posts',
        '{}',
      ]);
      await sleep(300);
      expect(isDone).toBe(false);
      await before.query('commit');
      await later;
    } finally {
      before.release();
    }
    expect(await hourOf(db, id, 3)).toMatchObject({ neg: 1, revision: 2 });
  });

  test('posts older than all that is known reach a scope that was ready, and those in between too', async ({ db }) => {
    const random = mulberry32(17);
    const sources = [(await aSource(db)).id];
    await store(db, randomPosts(random, 50, 48, sources));
    const id = await ready(db);
    expect(await findScope(db, id)).toMatchObject({ state: 'ready' });
    const old = randomPosts(random, 400, 5_000, sources); // more hours than an event names
    await store(db, old);
    expect(await many(db, `select payload from data_log where payload ? 'hours'`)).toHaveLength(1);
    await update(db);
    expect(await scopesToFill(db)).toEqual([id]);
    await fill(db, id);
    await update(db);
    expect(await findScope(db, id)).toMatchObject({ state: 'ready' });
    expect(await figures(db, id)).toEqual(await naive(db, {}));
  });
});

describe('completeness', () => {
  const poll = { kind: 'rss', everyMinutes: 15 };
  const complete = async (db: Db, id: number) => (await stored(db, id)).map((hour) => hour.complete);

  /** Posts of `count` in each of the 16 days before, and one in each of the last four hours. */
  const history = (source_id: number, count: number) => [
    ...Array.from({ length: 16 * count }, (_, i) =>
      aPostRow({ source_id, published_at: at(24 * (1 + Math.floor(i / count)), i % 60) }),
    ),
    ...[1, 2, 3, 4].map((hour) => aPostRow({ source_id, published_at: at(hour, 30) })),
  ];

  test('is told by the ledger of sources that matter, and taken back when the hour is collected after all', async ({
    db,
  }) => {
    const [main, small] = [await aSource(db, poll), await aSource(db, { ...poll, name: 'small' })];
    await store(db, [...history(main.id, 60), ...history(small.id, 1)]);
    const id = await ready(db);
    const last = async () => (await complete(db, id)).slice(-4);
    expect(await last()).toEqual([true, true, true, true]);
    await markHours(db, main.id, new Date(at(3)), new Date(at(2)), 'missing', 'timeout');
    await markHours(db, small.id, new Date(at(4)), new Date(at(1)), 'missing', 'timeout');
    expect(await update(db)).toEqual([{ scopeId: id, from: new Date(at(3)), to: new Date(at(1)) }]);
    expect(await last()).toEqual([true, false, false, true]);
    expect((await stored(db, id)).slice(-4).map((hour) => hour.revision)).toEqual([1, 2, 2, 1]);
    await markHours(db, main.id, new Date(at(3)), new Date(at(3)), 'partial', 'cut_short');
    expect(await update(db)).toEqual([]);
    await markHours(db, main.id, new Date(at(3)), new Date(at(3)), 'collected', null);
    await update(db);
    expect(await last()).toEqual([true, true, false, true]);
    const smallOnly = await ready(db, { source: [small.id] });
    expect((await complete(db, smallOnly)).slice(-4)).toEqual([false, false, false, false]);
    await run(db, `update sources set state = 'paused' where id = $1`, [main.id]);
    await update(db);
    expect(await last()).toEqual([true, true, true, true]); // as in charts: a paused source leaves no gap
  });

  test('of an hour long ago follows the ledger when the log tells of it', async ({ db }) => {
    const main = await aSource(db, poll);
    await store(db, history(main.id, 10));
    const id = await ready(db);
    const range = { from: new Date(at(200)), to: new Date(at(199)) };
    await markHours(db, main.id, range.from, range.to, 'missing', 'timeout');
    await noteEvent(db, { event: 'source', payload: { source_id: main.id, ...range, state: 'missing', reason: null } });
    await update(db);
    expect(await hourOf(db, id, 200)).toMatchObject({ complete: false, revision: 2 });
    expect(await hourOf(db, id, 199)).toMatchObject({ complete: false });
    expect(await hourOf(db, id, 198)).toMatchObject({ complete: true, revision: 1 });
  });

  test('waits for the visit that should tell of the hour; imports and pushes are never waited for', async ({ db }) => {
    const [feed, push] = [await aSource(db, poll), await aSource(db, { name: 'pushed' })];
    await store(db, [...history(feed.id, 30), ...history(push.id, 30)]);
    const visited = (time: string, failed = false) =>
      failed
        ? markRunFailed(db, feed.id, { code: 'timeout', detail: '' }, 0)
        : markRunOk(db, feed.id, 0, []).then(() =>
            run(db, 'update source_state set last_success_at = $2, not_before = $2 where source_id = $1', [
              feed.id,
              time,
            ]),
          );
    await visited(at(1, 50));
    const id = await ready(db);
    const last = async () => (await complete(db, id)).slice(-3);
    expect(await last()).toEqual([true, true, false]);
    await visited(at(0, 5));
    await update(db);
    expect(await last()).toEqual([true, true, true]);
    await visited(at(3, 10));
    await visited('', true);
    await update(db);
    expect(await last()).toEqual([false, false, false]);
    // Asked every six hours and not failing: nothing is late before the next visit is due.
    await visited(at(3, 10));
    await run(db, 'update sources set every_minutes = 360 where id = $1', [feed.id]);
    await update(db);
    expect(await last()).toEqual([true, true, true]);
    const pushed = await ready(db, { source: [push.id] });
    expect(await complete(db, pushed)).not.toContain(false);
  });
});

describe('reading', () => {
  test('gives every hour, unknown ones as such, with the local hour and day of 23 and 25 hours', async ({ db }) => {
    const { id: source_id } = await aSource(db);
    await store(db, [aPostRow({ source_id, published_at: at(2, 10) })]);
    const id = await ready(db);
    const read = (from: string, to: string) =>
      readScopeHours(db, { scopeId: id, zone: ZONE, from: new Date(from), to: new Date(to) });
    expect(await read(at(4), at(-1))).toMatchObject([
      { at: Date.parse(at(4)), localHour: 7, localDay: 2, n: 0, complete: false, revision: 0 },
      { n: 0, complete: false, revision: 0 },
      { n: 1, dpos: 1, c: 1, complete: true, revision: 1, ramadan: false },
      { n: 0, dpos: 0, c: 0, complete: true, revision: 1 },
      { n: 0, complete: false, revision: 0 },
    ]);
    const local = async (from: string, to: string) => (await read(from, to)).map((hour) => hour.localHour);
    // Set back to UTC: one o'clock comes twice, and the day of 25 hours begins at 23:00 UTC of the day before.
    const back = await read('2026-09-19T23:00:00Z', '2026-09-21T00:00:00Z');
    expect(back).toHaveLength(25);
    expect(back.map((hour) => hour.localHour).slice(0, 4)).toEqual([0, 1, 1, 2]);
    expect(new Set(back.map((hour) => hour.localDay))).toEqual(new Set([7]));
    expect(await local('2026-03-22T00:00:00Z', '2026-03-22T04:00:00Z')).toEqual([0, 1, 3, 4]); // set forward
    expect((await local('2026-03-22T00:00:00Z', '2026-03-22T23:00:00Z')).at(-1)).toBe(23);
    expect(await read(at(1), at(1))).toEqual([]);
    await expect(readScopeHours(db, { scopeId: id, zone: 'Nowhere/Else', from: CLOSED, to: NOW })).rejects.toThrow(
      /zone/,
    );
  });

  test('marks the local days of Ramadan as the calendar has them now', async ({ db }) => {
    const { id } = await ensureScope(db, {});
    const ramadan = async () => {
      const hours = await readScopeHours(db, {
        scopeId: id,
        zone: ZONE,
        from: new Date('2026-02-17T22:00:00Z'),
        to: new Date('2026-03-21T00:00:00Z'),
      });
      const inside = hours.filter((hour) => hour.ramadan);
      return [inside[0], inside.at(-1)].map((hour) => hour && new Date(hour.at).toISOString().slice(0, 13));
    };
    expect(await ramadan()).toEqual([undefined, undefined]);
    const period = await addPeriod(db, { name: 'ramadan', from: '2026-02-19', to: '2026-03-19' });
    // The clock stands at UTC for these weeks.
    expect(await ramadan()).toEqual(['2026-02-19T00', '2026-03-19T23']);
    await changePeriod(db, period.id, { from: '2026-02-18', to: '2026-03-20' });
    expect(await ramadan()).toEqual(['2026-02-18T00', '2026-03-20T23']);
    expect(await removePeriod(db, period.id)).toBe(true);
    expect(await removePeriod(db, period.id)).toBe(false);
    expect(await ramadan()).toEqual([undefined, undefined]);
  });
});

test('the calendar refuses days that do not exist, periods that are too long and periods that overlap', async ({
  db,
}) => {
  const first = await addPeriod(db, { name: 'ramadan', from: '2027-02-08', to: '2027-03-08' });
  const second = await addPeriod(db, { name: 'ramadan', from: '2028-01-28', to: '2028-02-25' });
  const refused = (days: { from: string; to: string }) =>
    addPeriod(db, { name: 'ramadan', ...days }).then(
      () => 'added',
      (error: AppError) => [error.code, error.errors[0]?.pointer],
    );
  expect(await refused({ from: '2029-02-30', to: '2029-03-10' })).toEqual(['invalid', '/from']);
  expect(await refused({ from: '2029-02-10', to: 'soon' })).toEqual(['invalid', '/to']);
  expect(await refused({ from: '2029-02-10', to: '2029-02-09' })).toEqual(['invalid', '/to']);
  expect(await refused({ from: '2029-02-10', to: '2029-04-10' })).toEqual(['invalid', '/to']);
  expect(await refused({ from: '2027-03-08', to: '2027-03-09' })).toEqual(['conflict', '/from']);
  await expect(changePeriod(db, second.id, { from: '2027-02-01', to: '2027-02-08' })).rejects.toThrow(/Another period/);
  expect(await changePeriod(db, 999, { from: '2030-02-01', to: '2030-02-08' })).toBeUndefined();
  expect(await listPeriods(db)).toEqual([first, second]);
});

test('an event names the hours that changed while they are few, and followers of events are spared them', async ({
  db,
}) => {
  const { id: source_id } = await aSource(db);
  await store(
    db,
    [50, 1, 50].map((hour) => aPostRow({ source_id, published_at: at(hour, 10) })),
  );
  const span = { n: 3, from: at(50), to: at(1) };
  const logged = async (version: number) =>
    (await one(db, 'select payload from data_log where version = $1', [version]))?.payload;
  expect(await logged(1)).toEqual({ ...span, hours: [at(50), at(1)] });
  expect((await readEvents(db, 0, 10)).map(({ payload }) => payload)).toEqual([span]);
  await store(
    db,
    Array.from({ length: 201 }, (_, hour) => aPostRow({ source_id, published_at: at(hour, 10) })),
  );
  expect(await logged(2)).toEqual({ n: 201, from: at(200), to: at(0) });
});

test('a batch of several moves logs the hours of all of them', async ({ db }) => {
  const source = await aSource(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' } as const;
  const post = { external_id: 'one', published_at: at(9, 10) };
  const events = [
    seen(post),
    seen({ published_at: at(7, 10) }),
    { ...seen(post), type: 'delete', site: 'example.ma', external_id: 'one' },
  ];
  await ingest(ingestDeps(db), origin, events as CollectedEvent[], async () => undefined);
  expect((await one(db, 'select payload from data_log'))?.payload).toEqual({
    source_id: source.id,
    n: 1,
    from: at(9),
    to: at(7),
    hours: [at(9), at(7)],
  });
});
