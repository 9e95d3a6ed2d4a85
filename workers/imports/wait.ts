/**
 * Waits for the chunks of an import, or ingests them here. Called by workers/importFile.ts. Workers take the oldest
 * chunks from the queue, so the newest are taken here: nobody does the same work twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import type { Db } from '../../shared/store/db.ts';
import { findImport, type ImportRow, waitingOfImport } from '../../shared/store/imports.ts';
import type { Progress } from './progress.ts';

/** Chunks of one import that may wait before reading does. */
const MAX_WAITING = 200;
const POLL_MS = 250;

export interface WaitDeps {
  db: Db;
  work?(chunkId: number): Promise<void>;
}

/** Reading is faster than ingesting: what waits stays bounded. Rejects with the signal's reason. */
export async function holdBack(
  deps: WaitDeps,
  importId: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const waiting = await waitingOfImport(deps.db, importId, MAX_WAITING + 1);
    progress.tell({ chunksWaiting: waiting.length });
    const newest = waiting.at(-1);
    if (waiting.length <= MAX_WAITING || newest === undefined) return;
    await workOne(deps, newest, signal);
  }
}

/** Resolves with the import when none of its chunks waits any more. Rejects with the signal's reason. */
export async function workOff(
  deps: WaitDeps,
  importId: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<ImportRow> {
  let before: number | undefined;
  for (;;) {
    const waiting = await waitingOfImport(deps.db, importId, MAX_WAITING);
    const newest = waiting.at(-1);
    progress.tell({ step: 'ingesting', chunksWaiting: waiting.length });
    if (newest === undefined) {
      const row = await findImport(deps.db, importId);
      if (!row) throw new AppError('not_found', `Import ${importId} is gone: its source was removed`);
      if (row.state === 'undone')
        throw new AppError('conflict', `Import ${importId} was undone while it was worked off`);
      if (row.chunks_waiting === 0) return row;
      await pause(signal); // halves of a split chunk are with the workers
    } else {
      if (newest === before) await pause(signal); // a worker has it
      await workOne(deps, newest, signal);
      before = newest;
    }
  }
}

async function workOne(deps: WaitDeps, chunkId: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (deps.work) await deps.work(chunkId);
  else await pause(signal);
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(POLL_MS);
  signal.throwIfAborted();
}
