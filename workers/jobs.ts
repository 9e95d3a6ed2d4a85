/**
 * What each job does. workers/main.ts hands them to the queue; tests call them directly.
 * Jobs carry ids and may run twice or at once on two workers: whatever they do is safe to repeat.
 */
import type { JobData, Queues } from '../shared/jobs.ts';
import type { Log } from '../shared/log.ts';
import { ingestEvents, reconcileRepairs } from '../shared/metrics.ts';
import {
  type ChunkRef,
  claimChunk,
  countAttempt,
  finishChunk,
  lockChunk,
  quarantine,
  splitChunk,
  uncountAttempt,
} from '../shared/store/chunks.ts';
import { inTransaction } from '../shared/store/db.ts';
import { finishImport } from '../shared/store/imports.ts';
import { ensurePartitions, listMonths } from '../shared/store/partitions.ts';
import { reconcile } from '../shared/store/reconcile.ts';
import { expireMonths, pruneOld } from '../shared/store/retention.ts';
import { addCounts } from '../shared/store/sources.ts';
import { type IngestDeps, ingest } from './ingest.ts';

/** Work begun this often without an end has killed its process each time: it is split to find the post it dies of. */
const DEADLY_ATTEMPTS = 8;
const DAY_MS = 86_400_000;

export interface JobDeps extends IngestDeps {
  log: Log;
  queues: Queues;
  retentionDays: number | undefined;
}

/** Ingests a waiting chunk, if it still waits and nobody else is at it. */
export async function ingestChunk(deps: JobDeps, chunk: ChunkRef): Promise<void> {
  await countAttempt(deps.db, chunk);
  // Looked at here, taken in the transaction of its posts: of two workers that analyse it, one commits.
  const claimed = await inTransaction(deps.db, async (tx) => {
    const found = await claimChunk(tx, chunk);
    if (found && found.attempts > DEADLY_ATTEMPTS) return { deadly: await settleDeadly(deps, chunk, found, tx) };
    return found;
  });
  if (!claimed) return;
  if ('deadly' in claimed) {
    await deps.queues.addChunks(claimed.deadly.map((id) => ({ from: 'push', id })));
    return;
  }
  const origin = { sourceId: claimed.sourceId, importId: claimed.importId, keep: claimed.keep };
  const outcomes = await ingest(deps, origin, claimed.events, async (tx, counts) => {
    if (!(await lockChunk(tx, chunk))) throw new AlreadyDone();
    await finishChunk(tx, chunk, counts);
  }).catch(async (error: unknown) => {
    if (error instanceof AlreadyDone) return {};
    await uncountAttempt(deps.db, chunk).catch(() => undefined); // the process lives: not a deadly attempt
    throw error;
  });
  for (const [outcome, n] of Object.entries(outcomes)) if (n > 0) ingestEvents.inc({ source: chunk.from, outcome }, n);
  if (claimed.importId !== null) await finishImport(deps.db, claimed.importId);
  deps.log.debug({ chunk: chunk.id, from: chunk.from, ...outcomes }, 'chunk ingested');
}

/** Another worker ended the chunk first; the transaction rolls back and nothing was counted twice. */
class AlreadyDone extends Error {}

async function settleDeadly(
  deps: JobDeps,
  chunk: ChunkRef,
  found: NonNullable<Awaited<ReturnType<typeof claimChunk>>>,
  tx: Parameters<typeof claimChunk>[0],
): Promise<number[]> {
  const [only] = found.events;
  if (found.events.length > 1 || !only) {
    deps.log.error(
      { chunk: chunk.id, from: chunk.from, events: found.events.length },
      'chunk kills its worker, splitting it',
    );
    return splitChunk(tx, chunk, found);
  }
  await quarantine(tx, found.sourceId, found.importId, only, 'its analysis ended the worker process');
  await addCounts(tx, found.sourceId, { quarantined: 1 });
  await finishChunk(tx, chunk, { quarantined: 1 });
  deps.log.error({ chunk: chunk.id, from: chunk.from }, 'post quarantined, it kills its worker');
  return [];
}

/** Housekeeping that the leading scheduler asks for. */
export async function maintain(deps: JobDeps, { task }: JobData<'maintain'>): Promise<void> {
  if (task === 'partitions') {
    const now = Date.now();
    await ensurePartitions(deps.db, [new Date(now).toISOString(), new Date(now + 31 * DAY_MS).toISOString()]);
  } else if (task === 'retention') {
    if (deps.retentionDays === undefined) return;
    const removed = await expireMonths(deps.db, new Date(Date.now() - deps.retentionDays * DAY_MS));
    if (removed.months > 0) deps.log.info({ ...removed }, 'old posts removed, numbers kept');
  } else if (task === 'prune') await pruneOld(deps.db);
  else await reconcileRecent(deps);
}

/** The last eight days, and one older month in turn, so that each is recounted again and again. */
async function reconcileRecent(deps: JobDeps): Promise<void> {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const now = Date.now();
  const ranges: [string, string][] = [[day(now - 8 * DAY_MS), day(now + 2 * DAY_MS)]];
  const months = await listMonths(deps.db);
  const month = months[Math.floor(now / DAY_MS) % Math.max(1, months.length)];
  if (month) ranges.push([month, day(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)), 1))]);
  for (const [from, to] of ranges) {
    const result = await reconcile(deps.db, deps.zone, from, to);
    reconcileRepairs.inc(result.repaired);
    if (result.repaired > 0)
      deps.log.error({ from, to, repaired: result.repaired }, 'rollups differed from their posts and were repaired');
    else deps.log.info({ from, to, checked: result.checked }, 'rollups recounted, all right');
  }
}
