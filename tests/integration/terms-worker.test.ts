/** A running worker uses a new term with its next batch, on both drivers of the queue; a rescore does not undo it. */
import { afterAll, beforeAll, describe } from 'vitest';
import { openQueues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { type Db, many, one } from '../../shared/store/db.ts';
import { beginRescore, findRescore } from '../../shared/store/rescores.ts';
import { addTerms, addTopic, removeTerm } from '../../shared/terms.ts';
import { ingest } from '../../workers/ingest.ts';
import { ingestChunk } from '../../workers/jobs.ts';
import { rescoreJob, runRescore, TermsChanged, versionsOf } from '../../workers/rescore.ts';
import { watchTaxonomy } from '../../workers/taxonomy.ts';
import { startWorker } from '../../workers/worker.ts';
import { startApi } from '../helpers/api.ts';
import { aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';
import { DRIVERS, startRedis, type TestRedis, targetOf, until } from '../helpers/drivers.ts';
import { storeOld } from '../helpers/oldPosts.ts';

const log = createLog('test', 'silent');
const signal = new AbortController().signal;
const NAMES = { fr: 'Tourisme', ar: 'السياحة', en: 'Tourism' };
const KHETTARA = { language: 'fr', term: 'khettara' } as const;

async function depsOf(db: Db) {
  const { latest } = await watchTaxonomy(db, { log, everyMs: 0 });
  return { ...ingestDeps(db), ...(await latest()), latest };
}

describe.each(DRIVERS)('$title', ({ driver, possible }) => {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (driver === 'redis' && possible) redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  test.skipIf(!possible)('a term added over the API is used for the posts pushed after it', async ({ db, url }) => {
    const target = targetOf(driver, url, redis);
    const queues = await openQueues(target, () => undefined);
    const deps = { ...(await depsOf(db)), log, queues, retentionDays: undefined };
    const worker = await startWorker({ target, lockMs: 30_000, log }, 'ingest', 2, (chunk) => ingestChunk(deps, chunk));
    const api = await startApi(db, { queues: () => queues });
    let n = 0;
    const pushed = async (): Promise<unknown> => {
      n += 1;
      const post = { site: 'example.ma', external_id: `p${n}`, text: 'Une khettara et un riad' };
      await api.call('/v1/posts', { json: { source: 'terms', posts: [post] } });
      await until(`post ${n}`, () => one(db, 'select 1 from posts where external_id = $1', [`p${n}`]));
      const rows = await many<{ code: string }>(
        db,
        `select c.code from posts p join post_topics t on t.post_id = p.post_id join topics c on c.id = t.topic
         where p.external_id = $1 order by c.id`,
        [`p${n}`],
      );
      return rows.map(({ code }) => code);
    };
    try {
      expect(await pushed()).toEqual([]);
      const { body } = await api.call('/v1/topics/water/terms', { json: { terms: [KHETTARA] } });
      expect(await pushed()).toEqual(['water']);
      const terms = [{ language: 'fr', term: 'riad' }];
      await api.call('/v1/topics', { json: { code: 'tourism', names: NAMES, terms } });
      expect(await pushed()).toEqual(['water', 'tourism']);
      await api.call(`/v1/topics/water/terms/${body.terms[0].id}`, { method: 'DELETE' });
      expect(await pushed()).toEqual(['tourism']);
      expect(await wrongCells(db)).toEqual([]);
    } finally {
      await worker.close();
      await queues.close();
    }
  });
});

test('the revision is looked at no more often than asked for, and nothing is built while it stands', async ({ db }) => {
  const often = await watchTaxonomy(db, { log, everyMs: 0 });
  const seldom = await watchTaxonomy(db, { log, everyMs: 3_600_000 });
  const [first, rare] = [await often.latest(), await seldom.latest()];
  expect(await often.latest()).toBe(first);
  const { terms } = await addTerms(db, 'water', [KHETTARA]);
  expect(await seldom.latest()).toBe(rare);
  const [here, there] = await Promise.all([often.latest(), often.latest()]); // two batches at once build it once
  expect(here).toBe(there);
  expect(here).not.toBe(first);
  expect(here?.analyser.model).toBe(first.analyser.model);
  expect(here?.analyser.topicsVersion).not.toBe(first.analyser.topicsVersion);
  await removeTerm(db, terms[0]?.id ?? 0);
  const back = await often.latest();
  expect(back.revision).toBe(first.revision + 2);
  expect(back.analyser.topicsVersion).toBe(first.analyser.topicsVersion);
});

test('stored posts keep their topics until a rescore, which gives them the terms and topics added since', async ({
  db,
}) => {
  const source = await aSource(db);
  const deps = await depsOf(db);
  const origin = { sourceId: source.id, importId: null, keep: 'all' } as const;
  await ingest(deps, origin, [seen({ text: 'Un riad' })], async () => undefined);
  const { topic } = await addTopic(db, {
    code: 'tourism',
    names: NAMES,
    terms: [{ language: 'fr', term: 'riad' }],
  });
  const topics = () => many(db, 'select topic from post_topics');
  expect(await topics()).toEqual([]);
  const rescoring = { ...deps, ...(await deps.latest()) };
  const run = await beginRescore(db, versionsOf(rescoring.analyser), { asked: true });
  expect(await runRescore(rescoring, run?.id ?? 0, { signal })).toBe(true);
  expect(await topics()).toEqual([{ topic: topic.id }]);
  expect(await wrongCells(db)).toEqual([]);
});

test('a rescore with the terms of before ends when terms are edited', async ({ db }) => {
  await storeOld(db, 1_200);
  const deps = await depsOf(db);
  const run = await beginRescore(db, versionsOf(deps.analyser), { asked: true });
  const between = async () => void (await addTerms(db, 'water', [KHETTARA]));
  await expect(runRescore(deps, run?.id ?? 0, { signal, between })).rejects.toBeInstanceOf(TermsChanged);
  expect(await findRescore(db, run?.id ?? 0)).toMatchObject({ seen: 500, finished_at: null });
});

test('a job of a rescore that terms have overtaken asks for one with the new terms', async ({ db }) => {
  await storeOld(db, 30);
  const asked: number[] = [];
  const add = async (_name: string, data: unknown) => void asked.push((data as { rescore_id: number }).rescore_id);
  const deps = { ...(await depsOf(db)), log, queues: { add } };
  const run = await beginRescore(db, versionsOf(deps.analyser), { asked: false });
  await addTerms(db, 'water', [KHETTARA]);
  await rescoreJob(deps, { rescore_id: run?.id ?? 0 }, signal);
  expect(asked).toHaveLength(1);
  expect(asked).not.toContain(run?.id);
  await rescoreJob(deps, { rescore_id: asked[0] ?? 0 }, signal);
  expect(await many(db, 'select topics_version, count(*) as n from posts group by 1')).toEqual([
    { topics_version: (await deps.latest()).analyser.topicsVersion, n: 30 },
  ]);
  expect(asked).toHaveLength(1);
});

test('a job that is overtaken by an edit is followed by another, also when the edit is taken back', async ({ db }) => {
  await storeOld(db, 1_200);
  const deps = await depsOf(db);
  const asked: number[] = [];
  const add = async (_name: string, data: unknown) => void asked.push((data as { rescore_id: number }).rescore_id);
  /** Looks as a worker does, and edits before the third look: after the first batch. */
  const job = (id: number, edit: () => Promise<unknown>) => {
    let looks = 0;
    const latest = async () => {
      looks += 1;
      if (looks === 3) await edit();
      return deps.latest();
    };
    return rescoreJob({ ...deps, latest, log, queues: { add } }, { rescore_id: id }, signal);
  };
  const run = await beginRescore(db, versionsOf(deps.analyser), { asked: false });
  let termId = 0;
  await job(run?.id ?? 0, async () => {
    termId = (await addTerms(db, 'water', [KHETTARA])).terms[0]?.id ?? 0;
  });
  expect(asked).toHaveLength(1);
  await job(asked[0] ?? 0, () => removeTerm(db, termId));
  expect(asked).toHaveLength(2);
  await job(asked[1] ?? 0, async () => undefined);
  expect(asked).toHaveLength(2);
  expect(await many(db, 'select topics_version, count(*) as n from posts group by 1')).toEqual([
    { topics_version: deps.analyser.topicsVersion, n: 1_200 },
  ]);
  expect(await wrongCells(db)).toEqual([]);
});
