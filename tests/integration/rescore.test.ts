/** Posts of an earlier model are brought up to date: counted once, killed or not, and no label of a person is lost. */
import { afterAll, beforeAll, describe } from 'vitest';
import { openQueues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import type { Analyser } from '../../shared/nlp/analyse.ts';
import { type Db, inTransaction, many, one, run, withAdvisoryLock } from '../../shared/store/db.ts';
import { loadRows, lockPosts, movePosts, type PostRow } from '../../shared/store/posts.ts';
import { reconcile } from '../../shared/store/reconcile.ts';
import {
  anyStale,
  beginRescore,
  countStale,
  findRescore,
  RESCORE_LOCK,
  type RescoreRun,
} from '../../shared/store/rescores.ts';
import { raiseTopicsRevision } from '../../shared/store/topics.ts';
import { ingest } from '../../workers/ingest.ts';
import { countRescore, rescoreJob, runRescore, Superseded, startRescore, versionsOf } from '../../workers/rescore.ts';
import { tick } from '../../workers/scheduler.ts';
import { startWorker } from '../../workers/worker.ts';
import { keyHeader, startApi } from '../helpers/api.ts';
import { ingestDeps, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';
import { DRIVERS, startRedis, type TestRedis, targetOf, until } from '../helpers/drivers.ts';
import { OLD, plainAnalyser, storeOld } from '../helpers/oldPosts.ts';

const ZONE = 'Africa/Casablanca';
const log = createLog('test', 'silent');
const never = new AbortController().signal;

const depsOf = (db: Db, analyser: Analyser = ingestDeps(db).analyser) => ({ db, zone: ZONE, analyser });

async function begin(db: Db, analyser: Analyser = ingestDeps(db).analyser): Promise<RescoreRun> {
  const begun = await beginRescore(db, versionsOf(analyser), { asked: true });
  if (!begun) throw new Error('no post waits for a rescore');
  return begun;
}

/** Everything that a rescore could touch, but for the record of runs. */
async function everything(db: Db): Promise<unknown> {
  const tables = ['posts', 'post_topics', 'post_entities', 'post_keys', 'rollup_hour', 'rollup_day', 'rollup_month'];
  const parts = await Promise.all(
    [...tables, 'rollup_model', 'data_version', 'data_log'].map((table) =>
      many(db, `select to_jsonb(t) as row from ${table} t order by 1`),
    ),
  );
  return parts;
}

const models = (db: Db) => many(db, 'select model, count(*) as n from posts group by 1 order by 1');

/** Changes one post as a person's tool would. */
async function change(db: Db, id: number, of: (row: PostRow) => PostRow): Promise<void> {
  await inTransaction(db, async (tx) => {
    const keys = await lockPosts(tx, [id]);
    const [key, row] = [keys[0], (await loadRows(tx, keys)).get(id)];
    if (key && row) await movePosts(tx, ZONE, [{ op: 'update', key, after: of(row) }]);
  });
}

test('a dry run counts what the real run does, writes nothing, and a second run changes nothing', async ({ db }) => {
  await storeOld(db, 1_200);
  const deps = depsOf(db);
  const before = await everything(db);
  const counted = await countRescore(deps, { signal: never });
  expect(await everything(db)).toEqual(before);
  expect(counted).toMatchObject({ seen: 1_200 });
  expect(counted?.changed).toBeGreaterThan(0);
  expect(counted?.topics_changed).toBeGreaterThan(0);
  const { id } = await begin(db);
  expect(await runRescore(deps, id, { signal: never })).toBe(true);
  expect(await findRescore(db, id)).toMatchObject({ ...counted });
  expect(await models(db)).toEqual([{ model: deps.analyser.model, n: 1_200 }]);
  expect(await wrongCells(db)).toEqual([]);
  const after = await everything(db);
  expect(await beginRescore(db, versionsOf(deps.analyser), { asked: true })).toBeUndefined();
  expect(await countRescore(deps, { signal: never })).toMatchObject({ seen: 0, changed: 0 });
  expect(await everything(db)).toEqual(after);
  expect(await many(db, 'select dry_run, seen from rescores order by id')).toEqual([
    { dry_run: true, seen: 1_200 },
    { dry_run: false, seen: 1_200 },
    { dry_run: true, seen: 0 },
  ]);
});

test('a rescored post is what a new one with the same text and hint would be', async ({ db }) => {
  await storeOld(db, 100);
  const events = [{ language_hint: 'es' }, {}].map((hint, i) => ({
    type: 'post' as const,
    post: { site: 'example.ma', external_id: `h${i}`, kind: 'post' as const, text: 'Casablanca 2026', ...hint },
  }));
  const origin = { sourceId: 1, importId: null, keep: 'all' } as const;
  await ingest({ ...ingestDeps(db), analyser: OLD }, origin, events, async () => undefined);
  await runRescore(depsOf(db), (await begin(db)).id, { signal: never });
  const rows = await many<Record<string, unknown> & { text: string; language_hint: string | null }>(
    db,
    `select p.text, p.language_hint, p.language, p.model_label, p.model_score, p.explanation,
       (select json_agg(json_build_object('label', t.model_label, 'score', t.model_score) order by t.topic) from post_topics t
        where t.post_id = p.post_id) as topics,
       (select count(*) from post_entities e where e.post_id = p.post_id) as entities from posts p order by post_id`,
  );
  expect(rows.filter((row) => row.language_hint === 'es')).toHaveLength(1);
  for (const row of rows) {
    const [fresh] = ingestDeps(db).analyser.analyse([{ text: row.text, languageHint: row.language_hint ?? undefined }]);
    expect(row).toMatchObject({
      language: fresh?.language,
      model_label: fresh?.label,
      model_score: fresh?.score,
      explanation: fresh?.explanation,
    });
    expect(row.entities).toBe(new Set(fresh?.entities.map(({ entity, start }) => `${entity} ${start}`)).size);
    expect(row.topics ?? []).toHaveLength(fresh?.topics.length ?? -1);
  }
});

test('a run that breaks in the middle of a batch goes on where it was and counts nothing twice', async ({ db }) => {
  await storeOld(db, 1_200);
  const { analyser } = ingestDeps(db);
  const counted = await countRescore(depsOf(db), { signal: never });
  const { id } = await begin(db);
  let texts = 0;
  const breaking: Analyser = {
    ...analyser,
    analyse(inputs) {
      texts += inputs.length;
      if (texts > 700) throw new Error('power cut');
      return analyser.analyse(inputs);
    },
  };
  await expect(runRescore(depsOf(db, breaking), id, { signal: never })).rejects.toThrow('power cut');
  expect(await findRescore(db, id)).toMatchObject({ seen: 500, finished_at: null });
  expect(await countStale(db, versionsOf(analyser))).toBe(700);
  expect(await wrongCells(db)).toEqual([]);
  // After the posts were moved, before the commit: the last statement of the transaction fails.
  await db.query(`create function cut() returns trigger language plpgsql as $$ begin raise 'cut'; end $$`);
  await db.query('create trigger cut before insert on data_log for each row execute function cut()');
  try {
    await expect(runRescore(depsOf(db), id, { signal: never })).rejects.toThrow('cut');
  } finally {
    await db.query('drop trigger cut on data_log');
    await db.query('drop function cut');
  }
  expect(await findRescore(db, id)).toMatchObject({ seen: 500, finished_at: null });
  expect(await countStale(db, versionsOf(analyser))).toBe(700);
  expect((await begin(db)).id).toBe(id);
  expect(await runRescore(depsOf(db), id, { signal: never })).toBe(true);
  expect(await findRescore(db, id)).toMatchObject({ ...counted });
  expect(await wrongCells(db)).toEqual([]);
});

test('a stop ends a run after the batch that is begun, and what old processes write behind it is done too', async ({
  db,
}) => {
  await storeOld(db, 700);
  const { id } = await begin(db);
  const stopping = new AbortController();
  const options = { signal: stopping.signal, onProgress: () => stopping.abort() };
  expect(await runRescore(depsOf(db), id, options)).toBe(false);
  expect(await findRescore(db, id)).toMatchObject({ seen: 500, finished_at: null });
  const early = {
    type: 'post' as const,
    post: { site: 'late.ma', external_id: '1', kind: 'post' as const, text: 'Early' },
  };
  const events = [{ ...early, post: { ...early.post, published_at: '2026-08-01T10:00:00Z' } }];
  const origin = { sourceId: 1, importId: null, keep: 'all' } as const;
  await ingest({ ...ingestDeps(db), analyser: OLD }, origin, events, async () => undefined);
  expect(await runRescore(depsOf(db), id, { signal: never })).toBe(true);
  expect(await findRescore(db, id)).toMatchObject({ seen: 701 });
  expect(await anyStale(db, versionsOf(ingestDeps(db).analyser))).toBe(false);
  expect(await wrongCells(db)).toEqual([]);
});

test('labels of people stay and keep deciding, excluded posts stay uncounted', async ({ db }) => {
  await storeOld(db, 10);
  const ids = (await many<{ post_id: number }>(db, 'select post_id from posts order by 1')).map((row) => row.post_id);
  const [labelled = 0, excluded = 0] = ids;
  await change(db, labelled, (row) => ({
    ...row,
    human_label: 'negative',
    topics: [
      ...row.topics.map((topic) => ({ ...topic, human_label: 'positive' as const })),
      { topic: 15, model_label: 'neutral', human_label: 'negative', model_score: 0 },
    ],
  }));
  await change(db, excluded, (row) => ({ ...row, excluded_at: '2026-11-01T00:00:00Z' }));
  await runRescore(depsOf(db), (await begin(db)).id, { signal: never });
  const post = await one(db, 'select label, human_label, score, model from posts where post_id = $1', [labelled]);
  const { model } = ingestDeps(db).analyser;
  expect(post).toEqual({ label: 'negative', human_label: 'negative', score: -1, model });
  const topics =
    'select topic, label, human_label from post_topics where post_id = $1 and human_label is not null order by 1';
  expect(await many(db, topics, [labelled])).toEqual([
    { topic: 1, label: 'positive', human_label: 'positive' },
    { topic: 15, label: 'negative', human_label: 'negative' },
  ]);
  expect(
    await one(db, 'select model, excluded_at is not null as out from posts where post_id = $1', [excluded]),
  ).toEqual({ model, out: true });
  expect(await wrongCells(db)).toEqual([]);
});

test('deleted posts stay deleted, also one that goes while it is analysed; one without its text keeps its analysis', async ({
  db,
}) => {
  await storeOld(db, 20);
  const origin = { sourceId: 1, importId: null, keep: 'all' } as const;
  const remove = (external_id: string) => [{ type: 'delete' as const, site: 'example.ma', external_id }];
  await ingest(ingestDeps(db), origin, remove('old-3'), async () => undefined);
  await run(db, `update posts set text = '', title = null where external_id = 'old-5'`);
  const { id } = await begin(db);
  const client = await db.connect();
  await client.query('begin');
  const key = await one<{ post_id: number }>(client, `select post_id from post_keys where external_id = 'old-7'`);
  const keys = await lockPosts(client, [key?.post_id ?? 0]);
  const running = runRescore(depsOf(db), id, { signal: never });
  await until('the run to wait for the deletion', () => one(db, `select 1 from pg_locks where not granted`));
  await movePosts(
    client,
    ZONE,
    keys.map((one) => ({ op: 'delete', key: one })),
  );
  await client.query('commit');
  client.release();
  expect(await running).toBe(true);
  expect(await findRescore(db, id)).toMatchObject({ seen: 17 });
  expect(await many(db, 'select external_id from post_keys where deleted order by 1')).toEqual([
    { external_id: 'old-3' },
    { external_id: 'old-7' },
  ]);
  expect(await models(db)).toEqual([
    { model: OLD.model, n: 1 },
    { model: ingestDeps(db).analyser.model, n: 17 },
  ]);
  expect(await countStale(db, versionsOf(ingestDeps(db).analyser))).toBe(0);
  expect(await wrongCells(db)).toEqual([]);
});

test('a job does nothing while another process rescores, nor for a run of another model', async ({ db }) => {
  await storeOld(db, 10);
  const { id } = await begin(db);
  const deps = { ...depsOf(db), log, queues: { add: async () => undefined } };
  await withAdvisoryLock(db, RESCORE_LOCK, () => rescoreJob(deps, { rescore_id: id }, never));
  await rescoreJob({ ...deps, analyser: plainAnalyser('other') }, { rescore_id: id }, never);
  expect(await findRescore(db, id)).toMatchObject({ seen: 0, finished_at: null });
  await rescoreJob(deps, { rescore_id: id }, never);
  expect(await findRescore(db, id)).toMatchObject({ seen: 10, finished_at: expect.any(Date) });
});

test('a newer model takes over a run, and the older program never starts one again by itself', async ({ db }) => {
  await storeOld(db, 1_100);
  const [second, third] = [plainAnalyser('new-2', 'positive'), plainAnalyser('new-3')];
  const { id } = await begin(db, second);
  const taken = runRescore(depsOf(db, second), id, {
    signal: never,
    between: async () => void (await beginRescore(db, versionsOf(third), { asked: false })),
  });
  await expect(taken).rejects.toThrow(Superseded);
  const next = await one<{ id: number }>(db, 'select id from rescores where finished_at is null');
  expect(next?.id).not.toBe(id);
  expect(await runRescore(depsOf(db, third), next?.id ?? 0, { signal: never })).toBe(true);
  expect(await models(db)).toEqual([{ model: 'new-3', n: 1_100 }]);
  expect(await beginRescore(db, versionsOf(second), { asked: false })).toBeUndefined();
  expect((await begin(db, second)).model).toBe('new-2'); // a person who asks for it gets it
  expect(await wrongCells(db)).toEqual([]);
});

test('edited terms begin a run again, also when they are what they once were', async ({ db }) => {
  const [plain, more] = ['topics-a', 'topics-b'].map((topicsVersion) => ({ model: 'new-2', topicsVersion }));
  if (!plain || !more) throw new Error('two are needed');
  await storeOld(db, 5);
  expect(await beginRescore(db, plain, { asked: false })).toMatchObject({ topics_version: 'topics-a' });
  await inTransaction(db, raiseTopicsRevision);
  expect(await beginRescore(db, more, { asked: false })).toMatchObject({ topics_version: 'topics-b' });
  expect(await beginRescore(db, plain, { asked: false })).toBeUndefined(); // no edit since: a program of other topics
  await inTransaction(db, raiseTopicsRevision);
  expect(await beginRescore(db, plain, { asked: false })).toMatchObject({ topics_version: 'topics-a', seen: 0 });
  expect(await one(db, 'select count(*) as n from rescores where finished_at is null')).toEqual({ n: 1 });
});

test('an installation whose posts are all of one model leaves its name at the first start, and nothing to do', async ({
  db,
}) => {
  await storeOld(db, 5);
  expect(await beginRescore(db, versionsOf(OLD), { asked: false })).toBeUndefined();
  expect(await beginRescore(db, versionsOf(OLD), { asked: false })).toBeUndefined();
  const rows = await many(db, 'select model, seen, finished_at is not null as done from rescores');
  expect(rows).toEqual([{ model: OLD.model, seen: 0, done: true }]);
});

test('answers name the models of their months, most posts first, and CSV has them in a header', async ({ db }) => {
  await storeOld(db, 90);
  await storeOld(db, 120, plainAnalyser('new;2\n', 'positive')); // 30 more, and the name must not break a header
  const api = await startApi(db);
  const headers = await keyHeader(db, ['read:aggregates']);
  const stored = await many(db, `select model, sum(n) as posts from rollup_model group by 1 order by 2 desc`);
  const byHand = await many(db, 'select model, count(*) as posts from posts group by 1 order by 2 desc');
  expect(byHand).toEqual([
    { model: OLD.model, posts: 90 },
    { model: 'new;2\n', posts: 30 },
  ]);
  expect(stored.map(({ model, posts }) => ({ model, posts: Number(posts) }))).toEqual(byHand);
  const range = 'from=2026-09-01T00:00:00Z&to=2026-11-24T00:00:00Z';
  const of = async (path: string, init = {}) => (await api.call(path, { headers, ...init })).body.models;
  expect(await of(`/v1/series?${range}`)).toEqual(byHand);
  expect(await of(`/v1/series?${range}&language=fr`)).toEqual(byHand); // of the months, not of the filter
  expect(await of(`/v1/breakdown?by=topic&${range}`)).toEqual(byHand);
  const json = { metrics: ['n'], by: ['time'], from: '2026-09-01T00:00:00Z', to: '2026-11-24T00:00:00Z' };
  expect(await of('/v1/query', { json })).toEqual(byHand);
  const ofMonth = await many(
    db,
    `select model, count(*) as posts from posts where published_at >= '2026-10-01' and published_at < '2026-11-01'
     group by 1 order by 2 desc`,
  );
  expect(await of('/v1/series?from=2026-10-10T00:00:00Z&to=2026-10-11T00:00:00Z')).toEqual(ofMonth);
  expect(await of('/v1/series?from=2020-10-10T00:00:00Z&to=2020-10-11T00:00:00Z')).toEqual([]);
  for (const path of ['/v1/series?', '/v1/breakdown?by=topic&'])
    for (const format of ['csv', 'ndjson']) {
      const answer = await api.call(`${path}${range}&format=${format}`, { headers });
      expect(answer.headers.get('sada-models')).toBe('old-1=90, new_2_=30');
    }
  const csv = await api.call('/v1/query?format=csv', { headers, json });
  expect(csv.headers.get('sada-models')).toBe('old-1=90, new_2_=30');
});

test('the recount finds and repairs posts by model', async ({ db }) => {
  await storeOld(db, 30);
  await run(db, `update rollup_model set n = n + 4 where month = '2026-10-01'`);
  await run(db, `delete from rollup_model where month = '2026-11-01'`);
  await run(db, `insert into rollup_model (month, model, n) values ('2026-10-01', 'ghost', 2)`);
  expect(await wrongCells(db)).not.toEqual([]);
  expect(await reconcile(db, ZONE, '2026-10-30', '2026-11-02')).toMatchObject({ repaired: 3 });
  expect(await wrongCells(db)).toEqual([]);
  expect(await reconcile(db, ZONE, '2026-10-30', '2026-11-02')).toMatchObject({ repaired: 0 });
});

describe.each(DRIVERS)('$title', ({ driver, possible }) => {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (driver === 'redis' && possible) redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test.skipIf(!possible)(
    'workers that start rescore in the background, one of them at a time, and a lost job is asked for again',
    async ({ db, url }) => {
      await storeOld(db, 1_200);
      const counted = await countRescore(depsOf(db), { signal: never });
      const target = targetOf(driver, url, redis);
      const queues = await openQueues(target, () => undefined);
      const deps = { ...depsOf(db), log, queues };
      const work = (data: { rescore_id: number }, signal: AbortSignal) => rescoreJob(deps, data, signal);
      const settings = { target, lockMs: 5_000, log };
      try {
        await Promise.all([startRescore(deps), startRescore(deps)]);
        expect(await one(db, 'select count(*) as n from rescores where not dry_run')).toEqual({ n: 1 });
        const first = await startWorker(settings, 'rescore', 1, work);
        await until('the first batch', () => one(db, 'select 1 from rescores where not dry_run and seen > 0'));
        await first.close(); // a stop ends its job; the run stays open unless it was done already
        const workers = await Promise.all([1, 2].map(() => startWorker(settings, 'rescore', 1, work)));
        await until('the run to end', async () => {
          await tick({ db, queues, log, sweepMs: 1_000 });
          return one(db, 'select 1 from rescores where not dry_run and finished_at is not null');
        });
        await Promise.all(workers.map((worker) => worker.close()));
      } finally {
        await queues.schedule('maintain', []);
        await queues.close();
      }
      expect(await one(db, 'select seen, changed, topics_changed, labels from rescores where not dry_run')).toEqual(
        counted,
      );
      expect(await wrongCells(db)).toEqual([]);
    },
  );
});
