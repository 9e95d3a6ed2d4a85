/**
 * How many posts each hour of the sample has: nights are quiet, mornings, lunch and evenings are not, week-ends are
 * calmer, some days have an event, and the last week has a crisis. Pure. infra/sample/generate.ts calls it.
 */
import { zoneSpans } from '../../shared/zones.ts';
import { mulberry32, type Random, seedOf, wholeOf } from './random.ts';
import { eventsAt } from './story.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** The sample lives by this clock whatever the reporting zone is: it is about Morocco. */
const ZONE = 'Africa/Casablanca';
/** These last days are dense enough to look at hour by hour. */
const DENSE_DAYS = 14;
/** Posts of a local hour from 8 to 21 in the dense days, at least. */
const DENSE_FLOOR = 106;
const DENSE_HOUR = 104;
/** Posts of a day before the dense ones: first, last, and the bounds. */
const SPARSE = { first: 372, last: 500, min: 372, max: 568 };

/** Local hours 0 to 23; 1 is an ordinary hour of the day. */
const HOURS = [
  0.35, 0.2, 0.13, 0.1, 0.1, 0.14, 0.28, 0.6, 0.97, 1.2, 1.25, 1.15, 1.05, 1.25, 1.1, 1, 0.98, 1, 1.05, 1.15, 1.4, 1.4,
  1.15, 0.65,
];
const HOURS_SUM = HOURS.reduce((sum, n) => sum + n, 0);
/** Sunday to Saturday. */
const WEEKDAYS = [0.9, 1.06, 1.08, 1.05, 1.03, 0.94, 0.86];

export interface SampleOptions {
  seed: number;
  /** The end; nothing is published at or after it. */
  now: Date;
  /** How many days of 24 hours the sample reaches back. */
  days: number;
}

export interface HourPlan {
  /** Epoch ms, [from, to); a full hour but for the first and the last. */
  from: number;
  to: number;
  /** 0 to 23. */
  localHour: number;
  n: number;
}

/** A local day, 'YYYY-MM-DD', with its hours in order. */
export interface DayPlan {
  day: string;
  dense: boolean;
  hours: HourPlan[];
}

/** The days of the sample, oldest first. */
export function planDays({ seed, now, days }: SampleOptions): DayPlan[] {
  const end = now.getTime();
  const begin = end - days * DAY_MS;
  const offset = offsetsOf(ZONE);
  const plans = new Map<string, { plan: DayPlan; random: Random }>();
  for (let hour = Math.floor(begin / HOUR_MS) * HOUR_MS; hour < end; hour += HOUR_MS) {
    const local = new Date(hour + offset(hour) * 60_000);
    const day = local.toISOString().slice(0, 10);
    const known = plans.get(day) ?? {
      plan: { day, dense: false, hours: [] },
      random: mulberry32(seedOf(seed, 'rhythm', day)),
    };
    plans.set(day, known);
    const dense = hour + HOUR_MS > end - DENSE_DAYS * DAY_MS;
    known.plan.dense ||= dense;
    const from = Math.max(hour, begin);
    const to = Math.min(hour + HOUR_MS, end);
    const progress = (hour - begin) / Math.max(1, end - DENSE_DAYS * DAY_MS - begin);
    const full = (dense ? denseHour : sparseHour)(known.random, local, (end - hour) / DAY_MS, progress);
    known.plan.hours.push({
      from,
      to,
      localHour: local.getUTCHours(),
      n: wholeOf(known.random, (full * (to - from)) / HOUR_MS),
    });
  }
  return [...plans.values()].map(({ plan }) => plan);
}

function denseHour(random: Random, local: Date, daysAgo: number): number {
  const hour = local.getUTCHours();
  const usual = DENSE_HOUR * profile(local) * jitter(random, 0.08);
  const floor = hour >= 8 && hour <= 21 ? DENSE_FLOOR + random() * 8 : 0;
  return Math.max(usual, floor) * eventsAt(daysAgo).volume;
}

function sparseHour(random: Random, local: Date, daysAgo: number, progress: number): number {
  const trend = SPARSE.first + (SPARSE.last - SPARSE.first) * progress;
  const day = trend * (WEEKDAYS[local.getUTCDay()] ?? 1) * eventsAt(daysAgo).volume;
  return (
    ((Math.min(SPARSE.max, Math.max(SPARSE.min, day)) * (HOURS[local.getUTCHours()] ?? 0)) / HOURS_SUM) *
    jitter(random, 0.12)
  );
}

const profile = (local: Date): number => (HOURS[local.getUTCHours()] ?? 0) * (WEEKDAYS[local.getUTCDay()] ?? 1);

/** 1 on average, within ± width. */
const jitter = (random: Random, width: number): number => 1 + (random() * 2 - 1) * width;

/** Minutes east of UTC by epoch ms, from the same data as the reporting zone's table. */
function offsetsOf(zone: string): (at: number) => number {
  const spans = zoneSpans(zone);
  return (at) => spans.find((span) => span.to === null || span.to.getTime() > at)?.offsetMinutes ?? 0;
}
