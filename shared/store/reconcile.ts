/**
 * The nightly recount: compares the rollups with the posts they stand for, repairs what differs and reports it. A repair
 * means a defect somewhere, so it is a metric that alerts. Hours whose posts retention removed are left alone.
 */
import { type Db, one, type Queryable, run, type Tx } from './db.ts';
import { MEASURES, RECOUNT } from './rollupSql.ts';

const sums = MEASURES.map((m) => `sum(q.${m})::bigint as ${m}`).join(', ');
const differences = MEASURES.map((m) => `coalesce(w.${m}, 0) - coalesce(r.${m}, 0) as ${m}`).join(', ');
const additions = MEASURES.map((m) => `${m} = t.${m} + excluded.${m}`).join(', ');
const anyDiffers = MEASURES.map((m) => `${m} <> 0`).join(' or ');

/**
 * One statement, so one snapshot: the difference is exact even while others write, and it is added, not set, so what they
 * add meanwhile stays.
 */
function repairSql(table: 'rollup_hour' | 'rollup_day', time: 'hour' | 'day', scope: string): string {
  return `${RECOUNT},
  wanted as (
    select q.topic, o.${time}, q.language, q.source_id, q.kind, ${sums}
    from quarters q join offsets o on o.quarter = q.quarter group by 1, 2, 3, 4, 5),
  present as (select * from ${table} where ${scope}),
  ${repairCells(table, time, `(select * from wanted where ${scope})`)}`;
}

function repairCells(table: string, time: string, wanted: string): string {
  return `differing as (
    select topic, ${time}, language, source_id, kind, ${differences}
    from ${wanted} w full join present r using (topic, ${time}, language, source_id, kind)),
  wrong as (select * from differing where ${anyDiffers}),
  repaired as (
    insert into ${table} as t select * from wrong order by 1, 2, 3, 4, 5
    on conflict (topic, ${time}, language, source_id, kind) do update set ${additions})
  select (select count(*) from present) as checked, (select count(*) from wrong) as repaired,
    (select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (select * from wrong limit 50) x) as cells`;
}

// A late post makes an expired month's partition anew: what is there then is not all that was counted.
const WHOLE_HOUR = `not exists (select 1 from expired_months m
  where hour >= m.month::timestamp at time zone 'UTC' and hour < (m.month + interval '1 month') at time zone 'UTC')`;
// A local day may reach into the UTC month beside its own.
const WHOLE_DAY = `not exists (select 1 from expired_months m where day >= m.month - 1 and day <= m.month + interval '1 month')`;

const REPAIR_HOURS = repairSql('rollup_hour', 'hour', `hour >= $1 and hour < $2 and ${WHOLE_HOUR}`);
const REPAIR_DAYS = repairSql('rollup_day', 'day', `day >= $4::date and day < $5::date and ${WHOLE_DAY}`);

// Months are sums of days, and those are right by now; days of expired months keep their numbers, so do their months.
const REPAIR_MONTHS = `
  with wanted as (
    select q.topic, date_trunc('month', q.day)::date as month, q.language, q.source_id, q.kind, ${sums}
    from rollup_day q where q.day >= date_trunc('month', $1::date) and q.day < date_trunc('month', $2::date - 1) + interval '1 month'
    group by 1, 2, 3, 4, 5),
  present as (
    select * from rollup_month where month >= date_trunc('month', $1::date) and month <= $2::date - 1),
  ${repairCells('rollup_month', 'month', 'wanted')}`;

// A local month of the zone is exactly the posts between two instants: $1 and $2. $3 is its first day.
const REPAIR_MODELS = `
  with whole as (
    select 1 where not exists (select 1 from expired_months m
      where m.month::timestamp at time zone 'UTC' < $2 and (m.month + interval '1 month') at time zone 'UTC' > $1)),
  wanted as (
    select $3::date as month, p.model, count(*) as n from posts p
    where p.published_at >= $1 and p.published_at < $2 and p.excluded_at is null and exists (select 1 from whole) group by 2),
  present as (select * from rollup_model where month = $3::date and exists (select 1 from whole)),
  differing as (
    select month, model, coalesce(w.n, 0) - coalesce(r.n, 0) as n from wanted w full join present r using (month, model)),
  wrong as (select * from differing where n <> 0),
  repaired as (
    insert into rollup_model as t select * from wrong order by 1, 2
    on conflict (month, model) do update set n = t.n + excluded.n)
  select (select count(*) from present) as checked, (select count(*) from wrong) as repaired,
    (select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (select * from wrong limit 50) x) as cells`;

export interface Reconciliation {
  checked: number;
  repaired: number;
  cells: unknown[];
}

/** Recounts the local days [fromDay, toDay) ('YYYY-MM-DD') of the zone and the UTC hours wholly inside them. */
export async function reconcile(db: Db, zone: string, fromDay: string, toDay: string): Promise<Reconciliation> {
  const range = await instantsOfDays(db, zone, fromDay, toDay);
  if (!range) return { checked: 0, repaired: 0, cells: [] };
  const hourMs = 3_600_000;
  const fromHour = new Date(Math.ceil(range.from.getTime() / hourMs) * hourMs);
  const toHour = new Date(Math.floor(range.to.getTime() / hourMs) * hourMs);
  const parts = [
    await repair(db, REPAIR_HOURS, [fromHour, toHour, zone]),
    await repair(db, REPAIR_DAYS, [range.from, range.to, zone, fromDay, toDay]),
    await repair(db, REPAIR_MONTHS, [fromDay, toDay]),
  ];
  for (const [month, next] of monthsOf(fromDay, toDay)) {
    const whole = await instantsOfDays(db, zone, month, next);
    if (whole) parts.push(await repair(db, REPAIR_MODELS, [whole.from, whole.to, month]));
  }
  const result = {
    checked: parts.reduce((sum, part) => sum + part.checked, 0),
    repaired: parts.reduce((sum, part) => sum + part.repaired, 0),
    cells: parts.flatMap((part) => part.cells),
  };
  await run(
    db,
    'insert into reconciliations (from_at, to_at, cells_checked, cells_repaired, repaired) values ($1, $2, $3, $4, $5)',
    [range.from, range.to, result.checked, result.repaired, JSON.stringify(result.cells)],
  );
  return result;
}

/** When the local days [fromDay, toDay) begin and end; undefined when there is no such time. */
async function instantsOfDays(
  db: Queryable,
  zone: string,
  fromDay: string,
  toDay: string,
): Promise<{ from: Date; to: Date } | undefined> {
  const range = await one<{ from: Date | null; to: Date | null }>(
    db,
    `select min(s.at) as "from", max(s.at) as "to" from (
       select (d::timestamp at time zone 'UTC') - make_interval(mins => z.offset_minutes) as at
       from unnest(array[$2::date, $3::date]) as d
       join zone_offsets z on z.zone = $1
         and (d::timestamp at time zone 'UTC') - make_interval(mins => z.offset_minutes) >= z.from_at
         and (d::timestamp at time zone 'UTC') - make_interval(mins => z.offset_minutes) < z.to_at) s`,
    [zone, fromDay, toDay],
  );
  return range?.from && range.to && range.from < range.to ? { from: range.from, to: range.to } : undefined;
}

/** First days of the months that the days [fromDay, toDay) touch, each with that of the next month. */
function monthsOf(fromDay: string, toDay: string): [string, string][] {
  const months: [string, string][] = [];
  const first = (year: number, month: number) => new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
  let [year, month] = [Number(fromDay.slice(0, 4)), Number(fromDay.slice(5, 7)) - 1];
  for (; first(year, month) < toDay; month += 1) months.push([first(year, month), first(year, month + 1)]);
  return months;
}

async function repair(db: Queryable, sql: string, values: unknown[]): Promise<Reconciliation> {
  const row = await one<Reconciliation & Record<string, unknown>>(db, sql, values);
  return row ?? { checked: 0, repaired: 0, cells: [] };
}

/** Makes days and months anew from rollup_hour, for another reporting zone. Zones off the hour get the day of the hour's start. */
export async function rebuildDays(tx: Tx, zone: string): Promise<void> {
  const sumsOfHours = MEASURES.map((m) => `sum(h.${m})`).join(', ');
  await tx.query('lock table rollup_day, rollup_month in exclusive mode');
  await run(tx, 'delete from rollup_day');
  await run(tx, 'delete from rollup_month');
  await run(
    tx,
    `insert into rollup_day (topic, day, language, source_id, kind, ${MEASURES.join(', ')})
     select h.topic, ((h.hour at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date, h.language, h.source_id, h.kind, ${sumsOfHours}
     from rollup_hour h join zone_offsets z on z.zone = $1 and z.from_at <= h.hour and z.to_at > h.hour
     group by 1, 2, 3, 4, 5`,
    [zone],
  );
  const sumsOfDays = MEASURES.map((m) => `sum(d.${m})`).join(', ');
  await run(
    tx,
    `insert into rollup_month (topic, month, language, source_id, kind, ${MEASURES.join(', ')})
     select d.topic, date_trunc('month', d.day)::date, d.language, d.source_id, d.kind, ${sumsOfDays}
     from rollup_day d group by 1, 2, 3, 4, 5`,
  );
  await rebuildModels(tx, zone);
}

/** Hours do not know models, so these months come from the posts; those whose posts are gone keep what they have. */
async function rebuildModels(tx: Tx, zone: string): Promise<void> {
  await tx.query('lock table rollup_model in exclusive mode');
  await run(tx, 'delete from rollup_model where month not in (select month from expired_months)');
  await run(
    tx,
    `insert into rollup_model (month, model, n)
     select date_trunc('month', (p.quarter at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as month, p.model, sum(p.n)
     from (select date_bin('15 minutes', published_at, timestamptz '2000-01-01 00:00:00+00') as quarter, model, count(*) as n
       from posts where excluded_at is null group by 1, 2) p
     join zone_offsets z on z.zone = $1 and z.from_at <= p.quarter and z.to_at > p.quarter
     group by 1, 2 on conflict do nothing`,
    [zone],
  );
}
