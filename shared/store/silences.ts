/**
 * Silences: which alerts are not told of, from when to when, and why. They hide messages and never change an alert.
 * shared/alertMessages.ts asks before it writes a message; the routes list, add and end them. Ended ones stay listed.
 */
import type { Severity, Signal } from '../contracts/alerts.ts';
import { many, one, type Queryable } from './db.ts';

/** All that are named must fit; a list fits when it holds the alert's value. At least one is named. */
export interface Matcher {
  rules?: number[];
  signals?: Signal[];
  scopes?: number[];
  severities?: Severity[];
}

export interface Silence {
  id: number;
  matcher: Matcher;
  starts_at: Date;
  ends_at: Date;
  reason: string;
  created_by: string;
  created_at: Date;
  ended_by: string | null;
  version: number;
}

const COLUMNS = 'id, matcher, starts_at, ends_at, reason, created_by, created_at, ended_by, version';

export async function insertSilence(
  db: Queryable,
  silence: { matcher: Matcher; startsAt: Date; endsAt: Date; reason: string; by: string },
): Promise<Silence> {
  const row = await one<Silence & Record<string, unknown>>(
    db,
    `insert into silences (matcher, starts_at, ends_at, reason, created_by) values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
    [JSON.stringify(silence.matcher), silence.startsAt, silence.endsAt, silence.reason, silence.by],
  );
  if (!row) throw new Error('an insert returned no row');
  return row;
}

/** Ends a silence now, if it has not ended and `version` (when given) is still its own. */
export async function endSilence(
  db: Queryable,
  { id, by, at, version }: { id: number; by: string; at: Date; version?: number },
): Promise<Silence | undefined> {
  return one<Silence & Record<string, unknown>>(
    db,
    // One that has not begun yet keeps its order of times: a moment is left of it.
    `update silences set ends_at = greatest($3::timestamptz, starts_at + interval '1 microsecond'), ended_by = $2, version = version + 1
     where id = $1 and ends_at > $3 and ended_by is null and ($4::int is null or version = $4) returning ${COLUMNS}`,
    [id, by, at, version ?? null],
  );
}

export async function findSilence(db: Queryable, id: number): Promise<Silence | undefined> {
  return one<Silence & Record<string, unknown>>(db, `select ${COLUMNS} from silences where id = $1`, [id]);
}

/** All silences, newest first. `openAt`: only those that have not ended then; `before`: the last one seen. */
export async function listSilences(
  db: Queryable,
  { openAt, before, limit }: { openAt?: Date; before?: number; limit: number },
): Promise<Silence[]> {
  return many<Silence & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from silences where ($1::timestamptz is null or ends_at > $1) and ($3::int is null or id < $3)
     order by id desc limit $2`,
    [openAt ?? null, limit, before ?? null],
  );
}

/** The silence that hides this alert at `at`, if there is one: the last to end. */
export async function silenceOf(
  db: Queryable,
  alert: { rule_id: number; signal: Signal; scope_id: number; severity: Severity },
  at: Date,
): Promise<Silence | undefined> {
  const fits = (name: keyof Matcher, value: string) =>
    `(not matcher ? '${name}' or matcher -> '${name}' @> to_jsonb(${value}))`;
  return one<Silence & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from silences where starts_at <= $1 and ends_at > $1 and matcher <> '{}'
       and ${fits('rules', '$2::int')} and ${fits('scopes', '$3::int')}
       and ${fits('signals', '$4::text')} and ${fits('severities', '$5::text')}
     order by ends_at desc limit 1`,
    [at, alert.rule_id, alert.scope_id, alert.signal, alert.severity],
  );
}
