/**
 * Named time zones, from our own table only. Node 20 and the embedded Postgres carry zone data from before Morocco left
 * UTC+1 (2026-09-20), and agree with each other: asking either would be wrong by an hour and nobody would notice.
 * infra/migrate.ts fills the table from moment-timezone's own data; queries join it; `compareZones` reports who disagrees.
 */
import type { ZoneDifference, ZoneSpan } from '../zones.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';

/** Replaces the spans of the zones named in `spans`. */
export async function saveZoneSpans(tx: Tx, spans: readonly ZoneSpan[]): Promise<void> {
  const zones = [...new Set(spans.map((span) => span.zone))];
  await run(tx, 'delete from zone_offsets where zone = any($1)', [zones]);
  await run(
    tx,
    `insert into zone_offsets (zone, from_at, to_at, offset_minutes)
     select zone, coalesce(from_at, '-infinity'), coalesce(to_at, 'infinity'), offset_minutes
     from json_to_recordset($1::json) as s (zone text, from_at timestamptz, to_at timestamptz, offset_minutes integer)`,
    [
      JSON.stringify(
        spans.map((s) => ({ zone: s.zone, from_at: s.from, to_at: s.to, offset_minutes: s.offsetMinutes })),
      ),
    ],
  );
}

/** True when the table knows the zone. */
export async function zoneExists(db: Queryable, zone: string): Promise<boolean> {
  return (await one(db, 'select 1 from zone_offsets where zone = $1 limit 1', [zone])) !== undefined;
}

/** Local wall-clock times, 'YYYY-MM-DDTHH:MM:SS', of instants, in their order. */
export async function localTimes(db: Queryable, zone: string, instants: readonly Date[]): Promise<string[]> {
  const rows = await many<{ local: string }>(
    db,
    `select to_char((i.at at time zone 'UTC') + make_interval(mins => z.offset_minutes), 'YYYY-MM-DD"T"HH24:MI:SS') as local
     from unnest($2::timestamptz[]) with ordinality as i (at, position)
     join zone_offsets z on z.zone = $1 and z.from_at <= i.at and z.to_at > i.at order by i.position`,
    [zone, instants],
  );
  return rows.map((row) => row.local);
}

/**
 * Instants of local wall-clock times 'YYYY-MM-DDTHH:MM:SS[.mmm]', in their order; undefined for an unknown zone. A time
 * that the clocks show twice is the earlier of the two, one that they skip is the instant after the gap.
 */
export async function instantsOf(
  db: Queryable,
  zone: string,
  locals: readonly string[],
): Promise<(Date | undefined)[]> {
  if (locals.length === 0) return [];
  const rows = await many<{ at: Date | null }>(
    db,
    `select coalesce(
       (select min((l.at - make_interval(mins => z.offset_minutes)) at time zone 'UTC') from zone_offsets z
        where z.zone = $1 and z.from_at <= (l.at - make_interval(mins => z.offset_minutes)) at time zone 'UTC'
          and z.to_at > (l.at - make_interval(mins => z.offset_minutes)) at time zone 'UTC'),
       (select min(z.from_at) from zone_offsets z
        where z.zone = $1 and isfinite(z.from_at)
          and (z.from_at at time zone 'UTC') + make_interval(mins => z.offset_minutes) > l.at)) as at
     from unnest($2::timestamp[]) with ordinality as l (at, position) order by l.position`,
    [zone, locals],
  );
  return rows.map((row) => row.at ?? undefined);
}

/** The instant at which a local day begins, and how many hours it has (23, 24 or 25 where clocks change). */
export async function localDay(
  db: Queryable,
  zone: string,
  day: string,
): Promise<{ start: Date; hours: number } | undefined> {
  const row = await one<{ start: Date; hours: number }>(
    db,
    `with q as (
       select g.at from generate_series(
         ($2::date - 1)::timestamp at time zone 'UTC', ($2::date + 2)::timestamp at time zone 'UTC', interval '15 minutes') as g (at))
     select min(q.at) as start, count(*)::float8 / 4 as hours
     from q join zone_offsets z on z.zone = $1 and z.from_at <= q.at and z.to_at > q.at
     where ((q.at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date = $2::date
     having count(*) > 0`,
    [zone, day],
  );
  return row;
}

/** Where Postgres' own zone data differ from our table: now and on the first of each of the next 14 months. */
export async function postgresDifferences(
  db: Queryable,
  zone: string,
  instants: readonly Date[],
): Promise<ZoneDifference[]> {
  const known = await one(db, 'select 1 from pg_timezone_names where name = $1', [zone]);
  if (!known) return [];
  return many<ZoneDifference & Record<string, unknown>>(
    db,
    `select i.at, z.offset_minutes as ours,
       (extract(epoch from (i.at at time zone $1) - (i.at at time zone 'UTC')) / 60)::int as theirs
     from unnest($2::timestamptz[]) as i (at)
     join zone_offsets z on z.zone = $1 and z.from_at <= i.at and z.to_at > i.at
     where (extract(epoch from (i.at at time zone $1) - (i.at at time zone 'UTC')) / 60)::int <> z.offset_minutes
     order by i.at`,
    [zone, instants],
  );
}
