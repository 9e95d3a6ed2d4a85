/**
 * Scopes: the posts that a rule looks at, by filter, and how far their hours are counted. workers/alerts/scopes.ts keeps them
 * up to date, rules and alerts name them by id. A scope never changes: another filter is another scope.
 */
import { HOUR_MS, type TimeRange } from './buckets.ts';
import { type Filters, placeholders, toFilters } from './cells.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';
import { type ScopeFilter, scopeRollups, WHOLE_HOUR } from './scopeSql.ts';
import { topicIdsOf } from './topics.ts';

export type { ScopeFilter } from './scopeSql.ts';

export interface StoredScope {
  id: number;
  filter: ScopeFilter;
  /** The same with topics by id, as statements take it. */
  filters: Filters;
  /** `filling` until its history is counted; rules may learn from what is there meanwhile. */
  state: 'filling' | 'ready';
  /** Hours in [filledFrom, filledTo) are counted; null before the first. */
  filledFrom: Date | null;
  filledTo: Date | null;
  /** Where filling ends; null before it began. */
  fillGoal: Date | null;
  /** Data version up to which changes of counted hours are worked in. */
  seenVersion: number;
}

/** History that a scope is filled with, in days: what the seasons of the detectors remember, and a year for backtests. */
export const FILL_DAYS = 400;

/** The filter in one spelling: sorted names, sorted values, each once, nothing empty. */
export function canonicalFilter(filter: ScopeFilter): ScopeFilter {
  const lists = Object.entries(filter).flatMap(([name, values]) => {
    const sorted = [...new Set<string | number>(values ?? [])].sort((a, b) => (a < b ? -1 : 1));
    return sorted.length > 0 ? [[name, sorted] as const] : [];
  });
  return Object.fromEntries(lists.sort(([a], [b]) => (a < b ? -1 : 1))) as ScopeFilter;
}

/** The scope of a filter, made when there is none. Topics and sources must be known to exist. */
export async function ensureScope(
  tx: Queryable,
  filter: ScopeFilter,
): Promise<{ id: number; state: StoredScope['state'] }> {
  const key = JSON.stringify(canonicalFilter(filter));
  // One place for each type: jsonb would spell the key anew.
  await run(tx, 'insert into scopes (filter, filter_key) values ($1, $2) on conflict (filter_key) do nothing', [
    key,
    key,
  ]);
  const row = await one<{ id: number; state: StoredScope['state'] }>(
    tx,
    'select id, state from scopes where filter_key = $1',
    [key],
  );
  if (!row) throw new Error('a scope just made cannot be read');
  return row;
}

const COLUMNS = `id, filter, state, filled_from as "filledFrom", filled_to as "filledTo", fill_goal as "fillGoal",
  seen_version as "seenVersion"`;
type Row = Omit<StoredScope, 'filters'> & Record<string, unknown>;

/** A scope by its id. */
export async function findScope(db: Queryable, id: number): Promise<StoredScope | undefined> {
  return withIds(db, await one<Row>(db, `select ${COLUMNS} from scopes where id = $1`, [id]));
}

/**
 * The same, with the right to write its hours until the transaction ends: counts of one scope take turns, so that of two
 * the later one has seen more. Rules may be made on it meanwhile.
 */
export async function lockScope(tx: Tx, id: number): Promise<StoredScope | undefined> {
  return withIds(tx, await one<Row>(tx, `select ${COLUMNS} from scopes where id = $1 for no key update`, [id]));
}

async function withIds(db: Queryable, row: Row | undefined): Promise<StoredScope | undefined> {
  if (!row) return undefined;
  const codes = [...(row.filter.topic ?? []), ...(row.filter['topic!'] ?? [])];
  return { ...row, filters: toFilters(row.filter, await topicIdsOf(db, codes)) };
}

/** Ids of the scopes that a rule looks at, deleted rules aside. */
export async function scopesInUse(db: Queryable): Promise<number[]> {
  const rows = await many<{ id: number }>(
    db,
    'select distinct scope_id as id from alert_rules where deleted_at is null order by 1',
  );
  return rows.map((row) => row.id);
}

/** Those of them whose history is still to be counted: each needs the job fill_scope until it is ready. */
export async function scopesToFill(db: Queryable): Promise<number[]> {
  const rows = await many<{ id: number }>(
    db,
    `select id from scopes where state = 'filling'
       and id in (select scope_id from alert_rules where deleted_at is null) order by 1`,
  );
  return rows.map((row) => row.id);
}

/** Notes that hours in [from, to) are counted now, at either end; what is null stays. */
export async function noteFilled(
  tx: Tx,
  id: number,
  filled: { from?: Date; to?: Date; goal?: Date; state?: StoredScope['state'] },
): Promise<void> {
  await run(
    tx,
    `update scopes set filled_from = coalesce($2, filled_from), filled_to = coalesce($3, filled_to),
       fill_goal = coalesce($4, fill_goal), state = coalesce($5, state) where id = $1`,
    [id, filled.from, filled.to, filled.goal, filled.state],
  );
}

/** Notes that changes up to a data version are worked in; an older note than the one there is no news. */
export async function noteSeen(db: Queryable, id: number, version: number): Promise<void> {
  await run(db, 'update scopes set seen_version = $2 where id = $1 and seen_version < $2', [id, version]);
}

/**
 * The hour from which a scope has posts that can still be counted, at most FILL_DAYS before `end`; `end` when it has none.
 * Earlier hours are unknown, not empty: silence before the first post would teach a rule a false normal.
 */
export async function firstHour(db: Queryable, filters: Filters, end: Date): Promise<Date> {
  const { values, add } = placeholders();
  const earliest = add(new Date(end.getTime() - FILL_DAYS * 24 * HOUR_MS));
  const row = await one<{ hour: Date }>(
    db,
    `select r.hour from rollup_hour r
     where ${scopeRollups(filters, add)} and r.hour >= ${earliest} and r.hour < ${add(end)} and r.n > 0 and ${WHOLE_HOUR('r.hour')}
     order by r.hour limit 1`,
    values,
  );
  return row?.hour ?? end;
}

/** Hours that changed since a data version, as far as the log tells. */
export interface ChangedHours {
  /** The log no longer has all of it, or does not say where: any hour may have changed. */
  all: boolean;
  /** Hours whose posts changed. */
  hours: Date[];
  /** Stretches in which posts changed, the end not included. */
  spans: TimeRange[];
  /** Stretches in which more is known now of what was collected. */
  ledger: TimeRange[];
}

/** What the log says of versions after `after`, up to `upTo`. */
export async function readChangedHours(db: Queryable, after: number, upTo: number): Promise<ChangedHours> {
  if (upTo <= after) return { all: false, hours: [], spans: [], ledger: [] };
  const row = await one<{ all: boolean; hours: string[]; spans: [string, string][]; ledger: [string, string][] }>(
    db,
    `with e as materialized (select event, payload from data_log where version > $1 and version <= $2),
     spans as (
       select event, payload, jsonb_build_array(
           date_trunc('hour', (payload ->> 'from')::timestamptz, 'UTC'),
           date_trunc('hour', (payload ->> 'to')::timestamptz, 'UTC') + interval '1 hour') as span
       from e where payload ->> 'from' is not null and not payload ? 'hours')
     select
       coalesce((select min(version) > $1 + 1 from data_log), true)
         or exists (select 1 from e where event = 'posts' and not payload ? 'from') as all,
       (select coalesce(jsonb_agg(distinct h.hour), '[]') from e cross join lateral jsonb_array_elements(e.payload -> 'hours') as h (hour)
         where e.event = 'posts' and e.payload ? 'hours') as hours,
       (select coalesce(jsonb_agg(distinct span), '[]') from spans where event = 'posts') as spans,
       (select coalesce(jsonb_agg(distinct span), '[]') from spans where event = 'source') as ledger`,
    [after, upTo],
  );
  if (!row) throw new Error('a statement without a table returned no row');
  const toRange = ([from, to]: [string, string]) => ({ from: new Date(from), to: new Date(to) });
  return {
    all: row.all,
    hours: row.hours.map((hour) => new Date(hour)),
    spans: row.spans.map(toRange),
    ledger: row.ledger.map(toRange),
  };
}
