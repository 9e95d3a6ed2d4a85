/**
 * Local hours, days, weeks and months as stretches of UTC hours, from the offsets of our own zone table. Pure, but for
 * the look-up of the offsets; shared/store/series.ts, breakdown.ts and ledger.ts build their statements on it.
 */
import type { BucketSize } from '../contracts/api/common.ts';
import { many, type Queryable } from './db.ts';

export const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Half-open: `to` is not included. Both are whole UTC hours. */
export interface TimeRange {
  from: Date;
  to: Date;
}

/** A stretch of time with one offset, clipped to what was asked for. */
export interface Offset extends TimeRange {
  minutes: number;
}

export interface TimeBucket extends TimeRange {
  /** Wall clock at `from`, 'YYYY-MM-DDTHH:MM'. */
  local: string;
  /** As '+01:00'. */
  utcOffset: string;
  /** The range begins or ends inside it. */
  cut: boolean;
}

/** The offsets of a zone around a range, oldest first. Throws when the zone table lacks the zone. */
export async function readOffsets(db: Queryable, zone: string, range: TimeRange): Promise<Offset[]> {
  const rows = await many<Offset & Record<string, unknown>>(
    db,
    `select greatest(from_at, $2::timestamptz - interval '2 days') as from, least(to_at, $3::timestamptz + interval '2 days') as to,
       offset_minutes as minutes
     from zone_offsets where zone = $1 and from_at < $3::timestamptz + interval '2 days' and to_at > $2::timestamptz - interval '2 days'
     order by from_at`,
    [zone, range.from, range.to],
  );
  if (rows.length === 0) throw new Error(`the zone table does not know ${zone}: the migrations did not run`);
  return rows;
}

/** Minutes east of UTC at an instant. */
export function offsetAt(offsets: readonly Offset[], at: number): number {
  return (offsets.find((span) => at < span.to.getTime()) ?? offsets.at(-1))?.minutes ?? 0;
}

/** First day ('YYYY-MM-01') of the local month at an instant. */
export function monthAt(offsets: readonly Offset[], at: number): string {
  return `${new Date(at + offsetAt(offsets, at) * 60_000).toISOString().slice(0, 7)}-01`;
}

/** Minutes east of UTC as '+01:00'. */
export function formatOffset(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

const HOURS: Partial<Record<BucketSize, number>> = { '3h': 3, '6h': 6, '12h': 12, day: 24 };

/** A number that grows from one bucket to the next. A UTC hour belongs where it begins, in zones with half hours too. */
function bucketKey(size: BucketSize, utcMs: number, minutes: number): number {
  const localMs = utcMs + minutes * 60_000;
  const hours = HOURS[size];
  if (hours) return Math.floor(localMs / (hours * HOUR_MS));
  if (size === 'hour') return utcMs / HOUR_MS;
  if (size === 'week') return Math.floor((Math.floor(localMs / DAY_MS) + 3) / 7); // 1970-01-01 was a Thursday
  const local = new Date(localMs);
  return local.getUTCFullYear() * 12 + local.getUTCMonth();
}

/** Every bucket of the range, oldest first and without gaps; the first and the last are clipped to it. */
export function bucketsOf(range: TimeRange, size: BucketSize, offsets: readonly Offset[]): TimeBucket[] {
  const keyAt = (at: number) => bucketKey(size, at, offsetAt(offsets, at));
  const [from, to] = [range.from.getTime(), range.to.getTime()];
  const starts: number[] = [];
  let key = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; at += HOUR_MS) {
    const next = keyAt(at);
    if (next <= key) continue; // a clock set back across midnight does not begin yesterday again
    key = next;
    starts.push(at);
  }
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? to;
    const minutes = offsetAt(offsets, start);
    return {
      from: new Date(start),
      to: new Date(end),
      local: new Date(start + minutes * 60_000).toISOString().slice(0, 16),
      utcOffset: formatOffset(minutes),
      cut: (index === 0 && keyAt(start - HOUR_MS) >= keyAt(start)) || (end === to && keyAt(to) <= keyAt(to - HOUR_MS)),
    };
  });
}

/** Most buckets of an automatic size. */
const AUTO_MOST = 92;
const AUTO_SIZES = ['hour', '3h', '6h', '12h', 'day', 'week'] as const;

/** The finest size that gives at most 92 buckets. */
export function autoSize(range: TimeRange, offsets: readonly Offset[]): BucketSize {
  const hours = (range.to.getTime() - range.from.getTime()) / HOUR_MS;
  const fits = (size: BucketSize) =>
    hours <= (AUTO_MOST + 1) * 200 && bucketsOf(range, size, offsets).length <= AUTO_MOST;
  return AUTO_SIZES.find(fits) ?? 'month';
}

/** Which stored sums make up a list of buckets: whole local days where they fit, hours for the rest. */
export interface CellPlan {
  starts: Date[];
  hours: TimeRange[];
  days: { from: string; to: string }[];
  /** First whole day of each bucket that has one, and the position (from 1) of that bucket. */
  firstDays: string[];
  dayBuckets: number[];
}

/** Plans the reading of adjoining buckets. `useDays` is for buckets of a day or more; below, every sum is an hour's. */
export function planCells(buckets: readonly TimeRange[], offsets: readonly Offset[], useDays: boolean): CellPlan {
  const range = { from: buckets[0]?.from ?? new Date(0), to: buckets.at(-1)?.to ?? new Date(0) };
  const plan: CellPlan = {
    starts: buckets.map((bucket) => bucket.from),
    hours: [],
    days: [],
    firstDays: [],
    dayBuckets: [],
  };
  // Days of zones with half hours begin inside a UTC hour: sums of hours and of days would not meet.
  if (!useDays || offsets.some((span) => span.minutes % 60 !== 0)) return { ...plan, hours: [range] };
  let position = 0;
  for (const day of bucketsOf(range, 'day', offsets)) {
    while (position < buckets.length - 1 && (buckets[position]?.to ?? range.to) <= day.from) position += 1;
    const inside = !day.cut && day.to <= (buckets[position]?.to ?? range.to);
    if (inside) addDay(plan, day.local.slice(0, 10), position + 1);
    else addHours(plan, day);
  }
  return plan;
}

function addDay(plan: CellPlan, day: string, bucket: number): void {
  const last = plan.days.at(-1);
  const dayBefore = new Date(Date.parse(day) - DAY_MS).toISOString().slice(0, 10);
  if (last?.to === dayBefore) last.to = day;
  else plan.days.push({ from: day, to: day });
  if (plan.dayBuckets.at(-1) === bucket) return;
  plan.firstDays.push(day);
  plan.dayBuckets.push(bucket);
}

function addHours(plan: CellPlan, hours: TimeRange): void {
  const last = plan.hours.at(-1);
  if (last && last.to.getTime() === hours.from.getTime()) last.to = hours.to;
  else plan.hours.push({ from: hours.from, to: hours.to });
}

/** Splits stretches of local days ('YYYY-MM-DD', both ends included) into whole months (their first days) and the rest. */
export function wholeMonths(stretches: readonly { from: string; to: string }[]): {
  months: string[];
  days: { from: string; to: string }[];
} {
  const months: string[] = [];
  const days: { from: string; to: string }[] = [];
  for (const { from, to } of stretches) {
    const end = Date.parse(to) + DAY_MS;
    let loose = from;
    for (let at = Date.parse(from); at < end; at = nextMonth(at)) {
      if (!toDay(at).endsWith('-01') || nextMonth(at) > end) continue;
      if (loose < toDay(at)) days.push({ from: loose, to: toDay(at - DAY_MS) });
      months.push(toDay(at));
      loose = toDay(nextMonth(at));
    }
    if (loose <= to) days.push({ from: loose, to });
  }
  return { months, days };
}

const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The first instant of the UTC month after `ms`: here the days are names, without a zone. */
function nextMonth(ms: number): number {
  const date = new Date(ms);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
