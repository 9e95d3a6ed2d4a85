/**
 * What every role's process does at its start and end: wait for the database, say that it is alive, check the zone data,
 * tell its parent when it is ready, and close in order. Called by workers/main.ts and api/main.ts.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { FATAL_EXIT } from './errors.ts';
import type { Log } from './log.ts';
import { zoneMismatch } from './metrics.ts';
import type { Db } from './store/db.ts';
import { beat, leave } from './store/health.ts';
import { schemaState } from './store/schema.ts';
import { postgresDifferences } from './store/zones.ts';
import { checkInstants, nodeDifferences, ZONE_DATA_VERSION } from './zones.ts';

const BEAT_MS = 10_000;

/** The database was written by a newer Sada: this program must not touch it. */
export class NewerDatabaseError extends Error {
  constructor() {
    super('The database was migrated by a newer Sada: start that version. This one stops.');
    this.name = 'NewerDatabaseError';
  }
}

/** Resolves when the database answers and is migrated for this program. Tries for ever; throws when it is newer. */
export async function waitForDatabase(db: Db, log: Log, signal?: AbortSignal): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const state = await schemaState(db);
      if (state === 'ready') return;
      if (state === 'newer') throw new NewerDatabaseError();
      if (tries % 300 === 299) log.warn({}, 'waiting for the migrations: `sada migrate` runs them');
    } catch (err) {
      if (err instanceof NewerDatabaseError) throw err;
      if (tries % 100 === 0) log.warn({ err }, 'waiting for the database');
    }
    await sleep(100, undefined, signal ? { signal } : {});
  }
}

/** `waitForDatabase` for an entry point: a database of a newer Sada ends the process for good. */
export async function databaseOrExit(db: Db, log: Log): Promise<void> {
  try {
    await waitForDatabase(db, log);
  } catch (err) {
    log.fatal({ err }, 'cannot start');
    await endForGood(err instanceof Error ? err.message : String(err));
  }
}

/** Keeps a row in `processes` fresh until the returned function is awaited. */
export function announce(db: Db, role: string): () => Promise<void> {
  const me = { id: randomUUID(), role, host: hostname(), pid: process.pid };
  const tell = () => beat(db, me).catch(() => undefined); // an outage is reported by those who need the database
  void tell();
  const timer = setInterval(tell, BEAT_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await leave(db, me.id).catch(() => undefined);
  };
}

/** Tells the parent process, if there is one, that this role does its work now. */
export function tellReady(more: Record<string, unknown> = {}): void {
  process.send?.({ ready: true, ...more });
}

/** Ends the process for good, telling the parent why in words for a person. */
export async function endForGood(reason: string): Promise<never> {
  if (process.send) await new Promise((resolve) => process.send?.({ fatal: reason }, resolve));
  process.exit(FATAL_EXIT);
}

/** Closes when the parent process is gone, so that none of a killed `sada all` lives on. Without a parent, does nothing. */
export function closeWithParent(close: () => unknown): void {
  if (process.send) process.once('disconnect', () => close());
}

/** Logs who disagrees with our zone table about the reporting zone, and by how much. Our table is what counts. */
export async function checkZones(db: Db, zone: string, log: Log): Promise<void> {
  const instants = checkInstants(new Date());
  const differences = {
    node: nodeDifferences(zone, instants),
    postgres: await postgresDifferences(db, zone, instants),
  };
  for (const [of, list] of Object.entries(differences)) {
    const minutes = Math.max(0, ...list.map((difference) => Math.abs(difference.ours - difference.theirs)));
    zoneMismatch.set({ of }, minutes);
    if (minutes > 0) {
      const about = { zone, of, minutes, months: list.length, zoneData: ZONE_DATA_VERSION, node: process.versions.tz };
      log.info(about, 'zone data differ from our table, which is used');
    }
  }
}
