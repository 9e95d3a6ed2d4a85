/**
 * Quiet hours: local hours of a rule in which messages wait. An instant is turned into local time and tested; a local
 * time is never turned into an instant, since some happen twice. shared/alertMessages.ts asks; offsets are those of
 * shared/zones.ts. Try it: `quietUntil([{ from: '22:00', to: '08:00' }], clockOf('Africa/Casablanca'), Date.now())`.
 */
import type { QuietHours } from '../contracts/alerts.ts';
import { zoneSpans } from '../zones.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** Quiet hours that never end hold a message no longer than this. */
const MOST_MINUTES = 7 * DAY_MINUTES;

/** What clocks show: minute of the day, and day of the week from 1 Monday to 7 Sunday. */
export interface LocalMinute {
  minute: number;
  day: number;
}

/** Minutes east of UTC in a zone, by our own data. Throws a RangeError for an unknown zone. */
export function offsetsOf(zone: string): (at: number) => number {
  const spans = zoneSpans(zone).toReversed(); // what is asked of is mostly now
  if (spans.length === 0) throw new RangeError(`unknown zone ${zone}`);
  return (at) => spans.find(({ from }) => from === null || from.getTime() <= at)?.offsetMinutes ?? 0;
}

/** The clock of a zone. Throws a RangeError for an unknown zone. */
export function clockOf(zone: string): (at: number) => LocalMinute {
  const offset = offsetsOf(zone);
  return (at) => {
    const minutes = Math.floor(at / MINUTE_MS) + offset(at);
    const days = Math.floor(minutes / DAY_MINUTES);
    // The epoch began on a Thursday.
    return { minute: minutes - days * DAY_MINUTES, day: ((((days + 3) % 7) + 7) % 7) + 1 };
  };
}

/** True when one of the stretches covers this local minute. Start and end alike: a whole day. */
export function isQuiet(quiet: readonly QuietHours[], { minute, day }: LocalMinute): boolean {
  const dayBefore = day === 1 ? 7 : day - 1;
  return quiet.some(({ from, to, days }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    const startsOn = (which: number) => days === undefined || days.includes(which);
    if (start < end) return startsOn(day) && minute >= start && minute < end;
    return (startsOn(day) && minute >= start) || (startsOn(dayBefore) && minute < end);
  });
}

/** The first whole minute from `at` (ms) on that is not quiet, or undefined when `at` is not. At most a week away. */
export function quietUntil(
  quiet: readonly QuietHours[],
  clock: (at: number) => LocalMinute,
  at: number,
): number | undefined {
  if (quiet.length === 0 || !isQuiet(quiet, clock(at))) return undefined;
  const start = at - (at % MINUTE_MS);
  for (let minutes = 1; minutes < MOST_MINUTES; minutes++) {
    const then = start + minutes * MINUTE_MS;
    if (!isQuiet(quiet, clock(then))) return then;
  }
  return start + MOST_MINUTES * MINUTE_MS;
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
