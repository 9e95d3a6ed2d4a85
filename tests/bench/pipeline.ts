/**
 * The product's way of a post, from a waiting chunk to the numbers, run by real worker processes. ingest.ts times it and
 * memory.ts watches its worker. Whatever is lost or counted wrongly on the way is an Error here.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueTarget } from '../../shared/config.ts';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { openQueues } from '../../shared/jobs.ts';
import { type Db, inTransaction, one, run } from '../../shared/store/db.ts';
import { addChunk, endReading, openImport } from '../../shared/store/imports.ts';
import { aSource, wrongCells } from '../helpers/builders.ts';
import { type Role, say, startRole, ZONE } from './stage.ts';

/** Posts of a chunk, as imports have. */
export const CHUNK = 500;
/** Chunks come from as many sources in turn. */
const SOURCES = 4;
/** Without a chunk done for so long, the run has failed. */
const STUCK_MS = 120_000;

/** Writes events as chunks that wait, and tells the queue of all of them. */
export async function fillQueue(db: Db, target: QueueTarget, events: readonly CollectedEvent[]): Promise<void> {
  const imports: number[] = [];
  for (let i = 0; i < SOURCES; i++) {
    const source = await aSource(db, { kind: 'import', name: `bench-${i}`, site: 'bench.ma', keep: 'all' });
    const file = { sourceId: source.id, name: `bench-${i}.ndjson`, hash: `bench-${i}`, bytes: 1, options: {} };
    imports.push((await inTransaction(db, (tx) => openImport(tx, file))).id);
  }
  const ids: number[] = [];
  for (let start = 0; start < events.length; start += CHUNK) {
    const seq = start / CHUNK;
    const progress = { bytesRead: 1, rowsRead: start + CHUNK, invalid: [] };
    const chunk = events.slice(start, start + CHUNK);
    const id = await inTransaction(db, (tx) => addChunk(tx, imports[seq % SOURCES] ?? 0, seq, chunk, progress));
    if (id === undefined) throw new Error('a chunk could not be written');
    ids.push(id);
  }
  for (const id of imports) await endReading(db, id);
  const queues = await openQueues(target, (error) => say(`queue: ${error.message}`));
  try {
    await queues.addChunks(ids.map((id) => ({ from: 'import', id })));
  } finally {
    await queues.close();
  }
}

/** Starts worker processes on a database and its queue. */
export function startWorkers(url: string, target: QueueTarget, count: number): Promise<Role[]> {
  const env = { DATABASE_URL: url, ...(target.driver === 'redis' ? { REDIS_URL: target.url } : {}) };
  return Promise.all(Array.from({ length: count }, () => startRole(['workers/main.ts', 'worker'], env)));
}

/** Resolves when no chunk waits; calls `watch` with the share that is done, several times a second. */
export async function untilDone(
  db: Db,
  watch: (share: number) => Promise<void> | void = () => undefined,
): Promise<void> {
  let [waited, since] = [Number.POSITIVE_INFINITY, Date.now()];
  for (;;) {
    const row = await one<{ waiting: number; all: number }>(
      db,
      `select count(*) filter (where state = 'waiting') as waiting, count(*) as "all" from import_chunks`,
    );
    const { waiting, all } = row ?? { waiting: 0, all: 0 };
    await watch(1 - waiting / all);
    if (waiting === 0) return;
    if (waiting < waited) [waited, since] = [waiting, Date.now()];
    if (Date.now() - since > STUCK_MS)
      throw new Error(`${waiting} chunks wait and none was done for ${STUCK_MS / 1000} s`);
    await sleep(150);
  }
}

/** Posts a second between the ends of the first and the last chunk: the start of the processes does not count. */
export async function rateOf(db: Db, posts: number): Promise<number> {
  const row = await one<{ seconds: number }>(
    db,
    'select extract(epoch from max(done_at) - min(done_at))::float8 as seconds from import_chunks',
  );
  return (posts - CHUNK) / (row?.seconds ?? 0);
}

/** Throws when a post is missing, was put aside, or is not counted exactly once. */
export async function checkAllCounted(db: Db, posts: number): Promise<void> {
  const found = await one<{ posts: number; keys: number; dead: number; chunks: number; unfinished: number }>(
    db,
    `select (select count(*) from posts) as posts, (select count(*) from post_keys where not deleted) as keys,
       (select count(*) from dead_posts) as dead, (select count(*) from import_chunks where state <> 'done') as chunks,
       (select count(*) from imports where state <> 'done') as unfinished`,
  );
  const wanted = { posts, keys: posts, dead: 0, chunks: 0, unfinished: 0 };
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
  }
  await run(db, 'analyze'); // without statistics the recount of a fresh database is planned for empty tables
  const wrong = await wrongCells(db, ZONE);
  if (wrong.length > 0) throw new Error(`${wrong.length} cells differ from a recount, as ${JSON.stringify(wrong[0])}`);
}
