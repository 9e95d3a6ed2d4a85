/**
 * The hours of a scope: counted from the posts, written where a figure changed, read as a list without holes.
 * workers/alerts/scopes.ts counts; rules, previews and charts read. Try it: tests/integration/alerts-scopes.test.ts.
 */
import type { ScopeHour } from '../alerts/hours.ts';
import { HOUR_MS, type TimeRange } from './buckets.ts';
import { placeholders } from './cells.ts';
import { many, one, type Queryable, type Tx } from './db.ts';
import { COUNTS, countParts, gapParts } from './scopeSql.ts';
import type { StoredScope } from './scopes.ts';
import { readVersion } from './version.ts';

/** Where hours were written: from the first to the end of the last. */
export type Written = TimeRange | undefined;

interface WrittenRow extends Record<string, unknown> {
  from: Date | null;
  to: Date | null;
  posts: number;
}

/**
 * Counts the hours in [from, to) of a scope that this transaction has locked, and writes those whose figures changed.
 * Says also how many posts it met, for the caller's pace. Hours of expired months keep what they have.
 */
export async function countScopeHours(
  tx: Tx,
  scope: StoredScope,
  range: TimeRange,
): Promise<{ written: Written; posts: number }> {
  const version = await readVersion(tx); // before the posts: the count is of this version or a newer one
  const { values, add } = placeholders();
  const places = { from: `${add(range.from)}::timestamptz`, to: `${add(range.to)}::timestamptz` };
  const figures = [...COUNTS, 'complete'];
  const row = await one<WrittenRow>(
    tx,
    `with ${gapParts(scope.filters, places, add)}, ${countParts(scope.filters, places, add)},
     written as (
       insert into scope_hours as s (scope_id, hour, ${figures.join(', ')}, version)
       select ${add(scope.id)}, hour, ${figures.join(', ')}, ${add(version)} from counted order by hour
       on conflict (scope_id, hour) do update set ${figures.map((name) => `${name} = excluded.${name}`).join(', ')},
         revision = s.revision + 1, version = excluded.version
       where s.version <= excluded.version
         and (${figures.map((name) => `s.${name}`).join(', ')}) is distinct from (${figures.map((name) => `excluded.${name}`).join(', ')})
       returning hour
     )
     select min(hour) as from, max(hour) + interval '1 hour' as to, (select count(*) from found) as posts from written`,
    values,
  );
  return { written: toWritten(row), posts: row?.posts ?? 0 };
}

/** Brings `complete` up to date in the hours of [from, to) that are counted, from the ledger, without counting posts. */
export async function checkCompleteness(tx: Tx, scope: StoredScope, range: TimeRange): Promise<Written> {
  const { values, add } = placeholders();
  const places = { from: `${add(range.from)}::timestamptz`, to: `${add(range.to)}::timestamptz` };
  const row = await one<WrittenRow>(
    tx,
    `with ${gapParts(scope.filters, places, add)},
     written as (
       update scope_hours s set complete = not s.complete, revision = s.revision + 1
       where s.scope_id = ${add(scope.id)} and s.hour >= ${places.from} and s.hour < ${places.to}
         and s.complete = (s.hour in (select hour from gaps))
       returning hour
     )
     select min(hour) as from, max(hour) + interval '1 hour' as to, 0 as posts from written`,
    values,
  );
  return toWritten(row);
}

function toWritten(row: WrittenRow | undefined): Written {
  return row?.from && row.to ? { from: row.from, to: row.to } : undefined;
}

// Named zones are known to zone_offsets only; few spans touch a range, so each hour looks at those few.
const READ = `
with spans as materialized (
  select from_at, to_at, offset_minutes from zone_offsets where zone = $2 and from_at < $4 and to_at > $3
),
ramadans as materialized (
  select from_day::timestamp as start, (to_day + 1)::timestamp as stop from calendar where name = 'ramadan'
),
hours as materialized (
  select g.hour, (g.hour at time zone 'UTC') + make_interval(mins => z.offset_minutes) as local
  from generate_series($3::timestamptz, $4::timestamptz - interval '1 hour', interval '1 hour') as g (hour)
  join spans z on z.from_at <= g.hour and z.to_at > g.hour
)
select (extract(epoch from h.hour) * 1000)::bigint as at, extract(hour from h.local)::int as "localHour",
  extract(isodow from h.local)::int as "localDay",
  exists (select 1 from ramadans r where h.local >= r.start and h.local < r.stop) as ramadan,
  ${COUNTS.map((name) => `coalesce(s.${name}, 0) as ${name}`).join(', ')},
  coalesce(s.complete, false) as complete, coalesce(s.revision, 0) as revision
from hours h left join scope_hours s on s.scope_id = $1 and s.hour = h.hour and s.hour >= $3 and s.hour < $4
order by h.hour`;

/**
 * The UTC hours in [from, to), oldest first and without holes, both ends snapped to whole hours. An hour that is not
 * known has no posts, revision 0 and is not complete. Throws when the zone is unknown.
 */
export async function readScopeHours(
  db: Queryable,
  { scopeId, zone, from, to }: { scopeId: number; zone: string; from: Date; to: Date },
): Promise<ScopeHour[]> {
  const [first, end] = [Math.floor(from.getTime() / HOUR_MS), Math.ceil(to.getTime() / HOUR_MS)];
  const rows = await many<ScopeHour & Record<string, unknown>>(db, READ, [
    scopeId,
    zone,
    new Date(first * HOUR_MS),
    new Date(end * HOUR_MS),
  ]);
  if (rows.length !== Math.max(0, end - first))
    throw new Error(`the zone table does not know all of this time in ${zone}`);
  return rows;
}
