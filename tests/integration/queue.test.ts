/** The queue and what must hold on both drivers: schedules, lost jobs, outages, doubles. */
import { afterAll, beforeAll, describe } from 'vitest';
import { openQueues, type Queues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { receivePush } from '../../shared/store/chunks.ts';
import { inTransaction, one, run } from '../../shared/store/db.ts';
import { updateSource } from '../../shared/store/sources.ts';
import { ingestChunk } from '../../workers/jobs.ts';
import { sourceSchedule, tick } from '../../workers/scheduler.ts';
import { startWorker } from '../../workers/worker.ts';
import { aPost, aSource, ingestDeps, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';
import { DRIVERS, startRedis, type TestRedis, targetOf, until } from '../helpers/drivers.ts';

const log = createLog('test', 'silent');
const ignore = () => undefined;

describe.each(DRIVERS)('$title', ({ driver, possible }) => {
  let redis: TestRedis | undefined;
  beforeAll(async () => {
    if (driver === 'redis' && possible) redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  async function withQueues<T>(url: string, work: (queues: Queues) => Promise<T>): Promise<T> {
    const queues = await openQueues(targetOf(driver, url, redis), ignore);
    try {
      return await work(queues);
    } finally {
      await queues.schedule('collect', []);
      await queues.schedule('maintain', []);
      await queues.close();
    }
  }

  test.skipIf(!possible)(
    'schedules follow the sources: added, left alone, moved with the interval, removed when paused',
    async ({ db, url }) => {
      const source = await aSource(db, { kind: 'feed', name: 'f', everyMinutes: 15 });
      await withQueues(url, async (queues) => {
        const id = sourceSchedule(source.id, 15).id;
        expect(await queues.schedule('collect', [sourceSchedule(source.id, 15)])).toEqual({ added: 1, removed: 0 });
        expect(await queues.schedule('collect', [sourceSchedule(source.id, 15)])).toEqual({ added: 0, removed: 0 });
        await inTransaction(db, (tx) => updateSource(tx, source.id, { every_minutes: 30 }));
        await tick({ db, queues, log, sweepMs: 1_000 });
        expect(await queues.schedule('collect', [sourceSchedule(source.id, 30)])).toEqual({ added: 0, removed: 0 });
        expect(sourceSchedule(source.id, 30).id).not.toBe(id);
        const next = await one<{ next_run_at: Date }>(db, 'select next_run_at from source_state');
        expect(next?.next_run_at.getTime()).toBeGreaterThan(Date.now());
        expect(((next?.next_run_at.getTime() ?? 0) - sourceSchedule(source.id, 30).offsetMs) % 1_800_000).toBe(0);
        await inTransaction(db, (tx) => updateSource(tx, source.id, { state: 'paused' }));
        await tick({ db, queues, log, sweepMs: 1_000 });
        expect(await queues.schedule('collect', [])).toEqual({ added: 0, removed: 0 });
      });
    },
  );

  test.skipIf(!possible)('a job that fails every time does not stop its schedule', async ({ url }) => {
    await withQueues(url, async (queues) => {
      let runs = 0;
      const worker = await startWorker(
        { target: targetOf(driver, url, redis), lockMs: 2_000, log },
        'collect',
        1,
        async () => {
          runs += 1;
          throw new Error('always');
        },
      );
      await queues.schedule('collect', [{ id: 'often', everyMs: 1_000, offsetMs: 0, data: { source_id: 1 } }]);
      await until('four runs', async () => runs >= 4);
      await worker.close();
    });
  });

  test.skipIf(!possible)('a chunk whose job was lost is found by the sweep and ingested once', async ({ db, url }) => {
    const source = await aSource(db);
    const posts = [aPost(), aPost()];
    await inTransaction(db, (tx) => receivePush(tx, { sourceId: source.id, posts })); // and no job: the queue lost it
    await run(db, `update inbox set created_at = now() - interval '1 minute'`);
    await withQueues(url, async (queues) => {
      const deps = { ...ingestDeps(db), log, queues, retentionDays: undefined };
      const settings = { target: targetOf(driver, url, redis), lockMs: 2_000, log };
      const workers = [
        await startWorker(settings, 'ingest', 2, (c) => ingestChunk(deps, c)),
        await startWorker(settings, 'ingest', 2, (c) => ingestChunk(deps, c)),
      ];
      await tick({ db, queues, log, sweepMs: 1_000 });
      await tick({ db, queues, log, sweepMs: 1_000 });
      await until('the chunk to be done', () => one(db, `select 1 from inbox where state = 'done'`));
      await Promise.all(workers.map((worker) => worker.close()));
    });
    expect(
      await one(
        db,
        'select count(*)::int as n, (select sum(n)::int from rollup_day where topic = 0) as counted from posts',
      ),
    ).toEqual({ n: 2, counted: 2 });
    expect(await one(db, 'select events, keys from inbox')).toEqual({ events: null, keys: null });
    expect(await wrongCells(db)).toEqual([]);
  });

  test.skipIf(!possible)('a job that meets a database outage waits without using up its attempts', async ({ url }) => {
    await withQueues(url, async (queues) => {
      let runs = 0;
      const worker = await startWorker(
        { target: targetOf(driver, url, redis), lockMs: 2_000, log },
        'ingest',
        1,
        async () => {
          runs += 1;
          if (runs <= 7)
            throw Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });
        },
      );
      await queues.addChunks([{ from: 'push', id: 1 }]);
      await until('the eighth run, beyond the five attempts', async () => runs === 8, 60_000);
      await worker.close();
    });
  });
});
