/**
 * Sources: what they are, where each one stands, what became of what they brought, and the ledger of their hours.
 * workers/collect.ts moves cursors and health; the API and the CLI list and change sources.
 */

import type { SourceNote } from '../contracts/collected.ts';
import type { HourState } from '../contracts/words.ts';
import { AppError } from '../errors.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';

export interface SourceRow {
  id: number;
  kind: string;
  name: string;
  site: string;
  settings: Record<string, unknown>;
  keep: 'matching' | 'all';
  every_minutes: number | null;
  state: 'active' | 'paused';
  sample: boolean;
  created_at: Date;
  last_run_at: Date | null;
  last_success_at: Date | null;
  next_run_at: Date | null;
  not_before: Date | null;
  failures: number;
  error: { code: string; detail: string } | null;
  /** Of the last good run. */
  notes: SourceNote[];
  /** Events by outcome since the source exists. */
  counts: Record<string, number>;
}

export interface NewSource {
  kind: string;
  name: string;
  site: string;
  settings: Record<string, unknown>;
  keep: 'matching' | 'all';
  /** null for what is not polled: pushes and imports. */
  everyMinutes: number | null;
  sample?: boolean;
}

const SELECT = `
  select s.*, st.last_run_at, st.last_success_at, st.next_run_at, st.not_before, coalesce(st.failures, 0) as failures, st.error,
    coalesce(st.notes, '[]') as notes,
    coalesce((select jsonb_object_agg(c.outcome, c.n) from (
      select outcome, sum(n) as n from source_counts where source_id = s.id group by outcome) c), '{}') as counts
  from sources s left join source_state st on st.source_id = s.id`;

type Row = SourceRow & Record<string, unknown>;

/** All sources, oldest first. */
export async function listSources(db: Queryable): Promise<SourceRow[]> {
  return many<Row>(db, `${SELECT} order by s.id`);
}

/** One source, or undefined. */
export async function findSource(db: Queryable, id: number): Promise<SourceRow | undefined> {
  return one<Row>(db, `${SELECT} where s.id = $1`, [id]);
}

/** One source by its name, or undefined. */
export async function findSourceByName(db: Queryable, name: string): Promise<SourceRow | undefined> {
  return one<Row>(db, `${SELECT} where s.name = $1`, [name]);
}

/** Adds a source with its empty state. Throws AppError `conflict` when the name is taken. */
export async function createSource(tx: Tx, source: NewSource): Promise<SourceRow> {
  const row = await one<{ id: number }>(
    tx,
    `with s as (
       insert into sources (kind, name, site, settings, keep, every_minutes, sample) values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (name) do nothing returning id
     ), st as (insert into source_state (source_id) select id from s)
     select id from s`,
    [
      source.kind,
      source.name,
      source.site,
      JSON.stringify(source.settings),
      source.keep,
      source.everyMinutes,
      source.sample ?? false,
    ],
  );
  if (!row) {
    throw new AppError('conflict', `A source named "${source.name}" exists already`, {
      errors: [{ pointer: '/name', detail: 'is taken by another source' }],
    });
  }
  const created = await findSource(tx, row.id);
  if (!created) throw new Error('a source just made cannot be read');
  return created;
}

export interface SourcePatch {
  name?: string;
  state?: 'active' | 'paused';
  keep?: 'matching' | 'all';
  every_minutes?: number;
  settings?: Record<string, unknown>;
}

/** Changes the given fields. Returns undefined when there is no such source; throws `conflict` when the name is taken. */
export async function updateSource(tx: Tx, id: number, patch: SourcePatch): Promise<SourceRow | undefined> {
  if (patch.name !== undefined) {
    const taken = await one(tx, 'select 1 from sources where name = $1 and id <> $2', [patch.name, id]);
    if (taken) {
      throw new AppError('conflict', `A source named "${patch.name}" exists already`, {
        errors: [{ pointer: '/name', detail: 'is taken by another source' }],
      });
    }
  }
  await run(
    tx,
    `update sources set name = coalesce($2, name), state = coalesce($3, state), keep = coalesce($4, keep),
       every_minutes = coalesce($5, every_minutes), settings = coalesce($6, settings) where id = $1`,
    [
      id,
      patch.name,
      patch.state,
      patch.keep,
      patch.every_minutes,
      patch.settings ? JSON.stringify(patch.settings) : null,
    ],
  );
  return findSource(tx, id);
}

/** Removes a source that brought nothing. Throws `conflict` when posts were seen through it: pause it instead. */
export async function deleteSource(tx: Tx, id: number): Promise<boolean> {
  const used = await one(
    tx,
    `select 1 where exists (select 1 from post_sources where source_id = $1)
       or exists (select 1 from rollup_hour where source_id = $1)`,
    [id],
  );
  if (used) throw new AppError('conflict', 'This source brought posts that are still counted; pause it instead');
  return (await run(tx, 'delete from sources where id = $1', [id])) > 0;
}

/** The push source of a name, made on first use. */
export async function pushSource(tx: Tx, name: string): Promise<SourceRow> {
  return obtainSource(tx, { kind: 'push', name, site: 'push', settings: {}, keep: 'all', everyMinutes: null });
}

/** The source of that name and kind, made when missing. Throws `conflict` when the name belongs to another kind. */
export async function obtainSource(tx: Tx, source: NewSource): Promise<SourceRow> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.source.' || $1, 0))`, [source.name]);
  const found = await findSourceByName(tx, source.name);
  if (!found) return createSource(tx, source);
  if (found.kind !== source.kind) {
    throw new AppError('conflict', `"${source.name}" is a source of kind ${found.kind}, not ${source.kind}`, {
      errors: [{ pointer: '/source', detail: `belongs to a source of kind ${found.kind}` }],
    });
  }
  return found;
}

// ---------------------------------------------------------------- cursor and health

export interface CursorState {
  cursor: unknown;
  version: number;
  notBefore: Date | null;
  failures: number;
}

/** Where a source stands. */
export async function readCursor(db: Queryable, sourceId: number): Promise<CursorState | undefined> {
  return one<CursorState & Record<string, unknown>>(
    db,
    'select cursor, version, not_before as "notBefore", failures from source_state where source_id = $1',
    [sourceId],
  );
}

/**
 * Moves the cursor, only from the version it was read at: of two runs that overlap, the second one's page is rolled back
 * with its posts. Returns the new version, or undefined when another run was first.
 */
export async function saveCursor(
  tx: Tx,
  sourceId: number,
  cursor: unknown,
  version: number,
): Promise<number | undefined> {
  const row = await one<{ version: number }>(
    tx,
    'update source_state set cursor = $2, version = version + 1 where source_id = $1 and version = $3 returning version',
    [sourceId, JSON.stringify(cursor), version],
  );
  return row?.version;
}

/** Notes that a run ended well and what it had to tell; the next is due after `quietForMs` at the earliest. */
export async function markRunOk(
  db: Queryable,
  sourceId: number,
  quietForMs: number,
  notes: readonly SourceNote[],
): Promise<void> {
  await run(
    db,
    `update source_state set last_run_at = now(), last_success_at = now(), failures = 0, error = null, notes = $3,
       not_before = now() + make_interval(secs => $2::float8 / 1000) where source_id = $1`,
    [sourceId, quietForMs, JSON.stringify(notes)],
  );
}

/** Makes a source due at once: somebody asked for it, whatever the site's rhythm or the last failure. */
export async function makeDue(db: Queryable, sourceId: number): Promise<void> {
  await run(db, 'update source_state set not_before = null where source_id = $1', [sourceId]);
}

/** Notes that a run failed, with a code and a sentence without any post's text. */
export async function markRunFailed(
  db: Queryable,
  sourceId: number,
  error: { code: string; detail: string },
  retryInMs: number,
): Promise<void> {
  await run(
    db,
    `update source_state set last_run_at = now(), failures = failures + 1, error = $2,
       not_before = now() + make_interval(secs => $3::float8 / 1000) where source_id = $1`,
    [sourceId, JSON.stringify(error), retryInMs],
  );
}

/** Writes when each polled source is due next, for people to see. */
export async function saveNextRuns(db: Queryable, next: readonly { sourceId: number; at: Date }[]): Promise<void> {
  await run(
    db,
    `update source_state st set next_run_at = greatest(n.at, st.not_before)
     from json_to_recordset($1::json) as n (source_id integer, at timestamptz)
     where st.source_id = n.source_id and st.next_run_at is distinct from greatest(n.at, st.not_before)`,
    [JSON.stringify(next.map(({ sourceId, at }) => ({ source_id: sourceId, at })))],
  );
}

// ---------------------------------------------------------------- counts and ledger

/** Adds to what became of a source's events, under the UTC day of now. */
export async function addCounts(tx: Tx, sourceId: number, counts: Readonly<Record<string, number>>): Promise<void> {
  const outcomes = Object.keys(counts)
    .filter((outcome) => counts[outcome])
    .toSorted();
  if (outcomes.length === 0) return;
  await run(
    tx,
    `insert into source_counts as c (source_id, day, outcome, n)
     select $1, (now() at time zone 'UTC')::date, outcome, n from unnest($2::text[], $3::bigint[]) as u (outcome, n)
     order by outcome on conflict (source_id, day, outcome) do update set n = c.n + excluded.n`,
    [sourceId, outcomes, outcomes.map((outcome) => counts[outcome])],
  );
}

/** Hours whose state got better replace what was known; `collected` is never taken back by a later `missing`. */
const RANK = `array_position(array['missing', 'late', 'partial', 'collected']::hour_state[], %)`;

/**
 * Notes what is known of each UTC hour in [from, to] of a source. `from` may equal `to`: one hour. Returns how many hours
 * are now better known than before; who reads `complete` must be told of them (bumpVersion).
 */
export async function markHours(
  db: Queryable,
  sourceId: number,
  from: Date,
  to: Date,
  state: HourState,
  reason: string | null,
): Promise<number> {
  return run(
    db,
    `insert into source_hours as h (source_id, hour, state, reason)
     select $1, hour, $4::hour_state, $5
     from generate_series(date_trunc('hour', $2::timestamptz, 'UTC'), date_trunc('hour', $3::timestamptz, 'UTC'), interval '1 hour') as hour
     on conflict (source_id, hour) do update set state = excluded.state, reason = excluded.reason, updated_at = now()
     where ${RANK.replace('%', 'excluded.state')} > ${RANK.replace('%', 'h.state')}`,
    [sourceId, from, to, state, reason],
  );
}

/** Polled sources that are active, for the scheduler. */
export async function polledSources(
  db: Queryable,
): Promise<{ id: number; everyMinutes: number; notBefore: Date | null }[]> {
  return many<{ id: number; everyMinutes: number; notBefore: Date | null }>(
    db,
    `select s.id, s.every_minutes as "everyMinutes", st.not_before as "notBefore"
     from sources s join source_state st on st.source_id = s.id
     where s.state = 'active' and s.every_minutes is not null order by s.id`,
  );
}
