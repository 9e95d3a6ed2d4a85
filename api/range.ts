/** Turns `from`, `to` and `period` into a range of whole UTC hours. Pure. */
import type { Period } from '../shared/contracts/api/common.ts';
import { AppError } from '../shared/errors.ts';
import { HOUR_MS, type TimeRange } from '../shared/store/buckets.ts';

export interface AskedRange {
  from?: string | undefined;
  to?: string | undefined;
  period?: Period | undefined;
}

const DAY_MS = 24 * HOUR_MS;
const LENGTH_MS: Partial<Record<Period, number>> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
};
const LONGEST_MS = 20 * 366 * DAY_MS;
const EARLIEST = Date.UTC(1990, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);

/** The range asked for, snapped outward to whole hours. Throws `invalid` naming the field; `sign` is '?' or '/'. */
export function resolveRange(asked: AskedRange, now: Date, sign: '?' | '/'): TimeRange & { period: Period | null } {
  const wrong = (field: keyof AskedRange, detail: string) =>
    new AppError('invalid', 'The time range is wrong', { errors: [{ pointer: `${sign}${field}`, detail }] });
  const nextHour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS + HOUR_MS;
  if (asked.from === undefined) {
    if (asked.to !== undefined) throw wrong('from', 'is needed with to');
    return { ...ofPeriod(asked.period ?? '7d', nextHour), period: asked.period ?? '7d' };
  }
  if (asked.period !== undefined) throw wrong('period', 'cannot be together with from');
  const from = Math.floor(Date.parse(asked.from) / HOUR_MS) * HOUR_MS;
  const to = asked.to === undefined ? nextHour : Math.ceil(Date.parse(asked.to) / HOUR_MS) * HOUR_MS;
  if (!(from >= EARLIEST && from < LATEST)) throw wrong('from', 'must lie between 1990 and 2200');
  if (!(to <= LATEST)) throw wrong('to', 'must lie between 1990 and 2200');
  if (to <= from)
    throw wrong(
      asked.to === undefined ? 'from' : 'to',
      asked.to === undefined ? 'must be in the past' : 'must be after from',
    );
  if (to - from > LONGEST_MS) throw wrong('from', 'is more than 20 years before to');
  return { from: new Date(from), to: new Date(to), period: null };
}

/** A period ends with the running hour, so that its range, and the tag of its answer, last an hour. */
function ofPeriod(period: Period, end: number): TimeRange {
  const length = LENGTH_MS[period];
  const from = new Date(end - (length ?? 0));
  if (length === undefined) from.setUTCFullYear(from.getUTCFullYear() - 1);
  return { from, to: new Date(end) };
}
