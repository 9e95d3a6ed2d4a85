/** Chunks that wait in Postgres: deadly ones are halved, quarantine is replayed, an undo under way loses nothing. */
import { openQueues, type Queues } from '../../shared/jobs.ts';
import { createLog } from '../../shared/log.ts';
import { listDead, receivePush, replayDead, undoImport } from '../../shared/store/chunks.ts';
import { type Db, inTransaction, many, one, run } from '../../shared/store/db.ts';
import { addChunk, endReading, findImport, openImport } from '../../shared/store/imports.ts';
import { ingest } from '../../workers/ingest.ts';
import { ingestChunk } from '../../workers/jobs.ts';
import { aPost, aSource, ingestDeps, seen, wrongCells } from '../helpers/builders.ts';
import { expect, test } from '../helpers/db.ts';

async function withJobs<T>(
  db: Db,
  url: string,
  work: (deps: Parameters<typeof ingestChunk>[0], queues: Queues) => Promise<T>,
): Promise<T> {
  const queues = await openQueues({ driver: 'postgres', url }, () => undefined);
  try {
    return await work(
      { ...ingestDeps(db), log: createLog('test', 'silent'), queues, retentionDays: undefined },
      queues,
    );
  } finally {
    await queues.close();
  }
}

const waiting = (db: Db) =>
  many<{ id: number; events: unknown[] }>(db, `select id, events from inbox where state = 'waiting' order by id`);

test('a chunk whose worker dies each time is halved until the deadly post is alone, and only that one is set aside', async ({
  db,
  url,
}) => {
  const source = await aSource(db);
  const posts = Array.from({ length: 8 }, (_, i) => aPost({ external_id: `d${i}` }));
  await inTransaction(db, (tx) => receivePush(tx, { sourceId: source.id, posts }));
  const deadly = (events: unknown[]) => JSON.stringify(events).includes('"d5"');
  await withJobs(db, url, async (deps) => {
    for (let i = 0; i < 100; i++) {
      const [chunk] = await waiting(db);
      if (!chunk) break;
      // A worker that is killed leaves the attempt it counted behind, and nothing else.
      const killed =
        deadly(chunk.events) &&
        (await one<{ attempts: number }>(db, 'select attempts from inbox where id = $1', [chunk.id]));
      if (killed && killed.attempts < 9)
        await run(db, 'update inbox set attempts = attempts + 1 where id = $1', [chunk.id]);
      else await ingestChunk(deps, { from: 'push', id: chunk.id });
    }
  });
  expect(await waiting(db)).toEqual([]);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 7 });
  expect((await listDead(db, 10)).map((dead) => 'post' in dead.event && dead.event.post.external_id)).toEqual(['d5']);
  expect(await wrongCells(db)).toEqual([]);
});

test('an attempt that ends in an error is no deadly one', async ({ db, url }) => {
  const source = await aSource(db);
  await inTransaction(db, (tx) => receivePush(tx, { sourceId: source.id, posts: [aPost()] }));
  const [chunk] = await waiting(db);
  await withJobs(db, url, async (deps) => {
    const broken = {
      ...deps,
      zone: 'No/Such_Zone',
      analyser: {
        ...deps.analyser,
        analyse: () => {
          throw new Error('a defect');
        },
      },
    };
    for (let i = 0; i < 12; i++)
      await expect(ingestChunk(broken, { from: 'push', id: chunk?.id ?? 0 })).rejects.toThrow('a defect');
    await ingestChunk(deps, { from: 'push', id: chunk?.id ?? 0 });
  });
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 1 });
});

test('quarantined posts of an import are replayed as posts of that import', async ({ db, url }) => {
  const source = await aSource(db, { kind: 'import', name: 'file' });
  const file = await inTransaction(db, (tx) =>
    openImport(tx, { sourceId: source.id, name: 'f.csv', hash: 'h', bytes: 1, options: {} }),
  );
  await db.query(`alter table posts add constraint no_bad check (external_id <> 'bad')`);
  await ingest(
    ingestDeps(db),
    { sourceId: source.id, importId: file.id, keep: 'all' },
    [seen({ external_id: 'bad' })],
    async () => undefined,
  );
  await db.query('alter table posts drop constraint no_bad');
  const [id] = await replayDead(db);
  await withJobs(db, url, (deps) => ingestChunk(deps, { from: 'push', id: id ?? 0 }));
  expect(await one(db, 'select import_id from posts')).toEqual({ import_id: file.id });
  expect(await listDead(db, 10)).toEqual([]);
});

test('two workers on one chunk store it once', async ({ db, url }) => {
  const source = await aSource(db);
  await inTransaction(db, (tx) => receivePush(tx, { sourceId: source.id, posts: [aPost(), aPost()] }));
  const [chunk] = await waiting(db);
  await withJobs(db, url, (deps) =>
    Promise.all(Array.from({ length: 4 }, () => ingestChunk(deps, { from: 'push', id: chunk?.id ?? 0 }))),
  );
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 2 });
  expect(await one(db, `select n from source_counts where outcome = 'added'`)).toEqual({ n: 2 });
});

test('an import that is undone while its chunks wait takes no more of them', async ({ db, url, zone }) => {
  const source = await aSource(db, { kind: 'import', name: 'file' });
  const file = await inTransaction(db, (tx) =>
    openImport(tx, { sourceId: source.id, name: 'f.csv', hash: 'h', bytes: 1, options: {} }),
  );
  const progress = { bytesRead: 1, rowsRead: 1, invalid: [] };
  const chunks: number[] = [];
  for (const seq of [1, 2]) {
    const id = await inTransaction(db, (tx) => addChunk(tx, file.id, seq, [seen(), seen()], progress));
    chunks.push(id ?? 0);
  }
  await withJobs(db, url, async (deps) => {
    await ingestChunk(deps, { from: 'import', id: chunks[0] ?? 0 });
    expect(await undoImport(db, zone, file.id)).toEqual({ removed: 2, kept: 0 });
    await ingestChunk(deps, { from: 'import', id: chunks[1] ?? 0 });
  });
  await endReading(db, file.id);
  expect(await one(db, 'select count(*)::int as n from posts')).toEqual({ n: 0 });
  expect(await one(db, 'select count(*)::int as n from post_keys')).toEqual({ n: 0 });
  expect(await findImport(db, file.id)).toMatchObject({ state: 'undone' });
  expect(await inTransaction(db, (tx) => addChunk(tx, file.id, 3, [seen()], progress))).toBeUndefined();
});
