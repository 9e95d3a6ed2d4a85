/**
 * The calendar: periods with a rhythm of their own. Ramadan has its own hours of the day, and the moon decides when it
 * begins, so people may change it. shared/store/scopeHours.ts marks hours by it; the API edits it.
 */
import { AppError } from '../errors.ts';
import { many, one, type Queryable, run } from './db.ts';

/** Local days 'YYYY-MM-DD', both included. */
export interface Period {
  name: 'ramadan';
  from: string;
  to: string;
}

export interface StoredPeriod extends Period {
  id: number;
}

/** More days than a period may have: a month of the moon, and a few for doubt. */
const MOST_DAYS = 35;
const DAY_MS = 86_400_000;
const COLUMNS = 'id, name, from_day as from, to_day as to';
type Row = StoredPeriod & Record<string, unknown>;

/** All periods, oldest first. */
export async function listPeriods(db: Queryable): Promise<StoredPeriod[]> {
  return many<Row>(db, `select ${COLUMNS} from calendar order by from_day`);
}

/** Adds a period. Throws AppError `invalid` for wrong days and `conflict` when it overlaps another. */
export async function addPeriod(db: Queryable, period: Period): Promise<StoredPeriod> {
  checkDays(period);
  const row = await unlessTaken(
    one<Row>(db, `insert into calendar (name, from_day, to_day) values ($1, $2, $3) returning ${COLUMNS}`, [
      period.name,
      period.from,
      period.to,
    ]),
  );
  if (!row) throw new Error('the period was not written');
  return row;
}

/** Moves a period; undefined when there is none of that id. Throws as `addPeriod` does. */
export async function changePeriod(
  db: Queryable,
  id: number,
  days: Pick<Period, 'from' | 'to'>,
): Promise<StoredPeriod | undefined> {
  checkDays(days);
  return unlessTaken(
    one<Row>(db, `update calendar set from_day = $2, to_day = $3 where id = $1 returning ${COLUMNS}`, [
      id,
      days.from,
      days.to,
    ]),
  );
}

/** Removes a period. False when there was none. */
export async function removePeriod(db: Queryable, id: number): Promise<boolean> {
  return (await run(db, 'delete from calendar where id = $1', [id])) > 0;
}

function checkDays({ from, to }: Pick<Period, 'from' | 'to'>): void {
  const wrong = (pointer: string, detail: string) =>
    new AppError('invalid', 'The period is wrong', { errors: [{ pointer, detail }] });
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ] as const) {
    const at = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(day) : Number.NaN;
    // A day that no month has, as 30 February, becomes another one.
    if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day)
      throw wrong(`/${name}`, 'expected a day, as 2027-02-08');
  }
  const length = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (length < 1) throw wrong('/to', 'must not be before from');
  if (length > MOST_DAYS) throw wrong('/to', `makes a period of ${length} days; at most ${MOST_DAYS}`);
}

async function unlessTaken<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    const isOverlap = error instanceof Error && 'code' in error && error.code === '23P01';
    if (!isOverlap) throw error;
    throw new AppError('conflict', 'Another period has some of these days', {
      errors: [{ pointer: '/from', detail: 'overlaps another period' }],
    });
  }
}
