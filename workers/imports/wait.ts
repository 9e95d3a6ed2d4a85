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
/** Pauses while others work: each twice the one before, for a small chunk is done in no time and a large one is not. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 250;

export interface WaitDeps {
  db: Db;
  work?(chunkId: number): Promise<void>;
  /** How to wait; default: by the clock. */
  pause?(ms: number): Promise<unknown>;
}

/** Reading is faster than ingesting: what waits stays bounded. Rejects with the signal's reason. */
export async function holdBack(
  deps: WaitDeps,
  importId: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const pauses = new Pauses(deps, signal);
  for (;;) {
    const waiting = await waitingOfImport(deps.db, importId, MAX_WAITING + 1);
    progress.tell({ chunksWaiting: waiting.length });
    const newest = waiting.at(-1);
    if (waiting.length <= MAX_WAITING || newest === undefined) return;
    signal.throwIfAborted();
    if (deps.work) await deps.work(newest);
    else await pauses.next();
  }
}

/** Resolves with the import when none of its chunks waits any more. Rejects with the signal's reason. */
export async function workOff(
  deps: WaitDeps,
  importId: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<ImportRow> {
  const pauses = new Pauses(deps, signal);
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
      await pauses.next(); // halves of a split chunk are with the workers
    } else {
      if (newest !== before) pauses.beginAgain();
      if (newest === before || !deps.work) await pauses.next(); // a worker has it
      signal.throwIfAborted();
      await deps.work?.(newest);
      before = newest;
    }
  }
}

class Pauses {
  readonly #wait: (ms: number) => Promise<unknown>;
  readonly #signal: AbortSignal;
  #nextMs = FIRST_PAUSE_MS;

  constructor({ pause = sleep }: WaitDeps, signal: AbortSignal) {
    this.#wait = pause;
    this.#signal = signal;
  }

  /** Rejects with the signal's reason. */
  async next(): Promise<void> {
    await this.#wait(this.#nextMs);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_PAUSE_MS);
    this.#signal.throwIfAborted();
  }

  beginAgain(): void {
    this.#nextMs = FIRST_PAUSE_MS;
  }
}
