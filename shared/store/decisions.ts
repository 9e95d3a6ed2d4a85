/**
 * What was decided on each hour of a rule, and the detectors' states a day apart. There is one decision for each rule
 * version, hour and revision of the hour. workers/alerts/evaluate.ts reads and writes, rules and charts read.
 */
import type { HourOutcome, WatchState } from '../alerts/watch.ts';
import { many, one, type Queryable, run } from './db.ts';

/** A version of a rule, as far as its decisions are concerned. */
export interface RuleRef {
  id: number;
  version: number;
}

/** An outcome with the revision of the hour that it was found for. */
export interface Decided {
  revision: number;
  outcome: HourOutcome;
}

const CHUNK = 2_000;
const UNDECIDED = `not exists (
  select 1 from alert_decisions d
  where d.rule_id = r.id and d.version = r.version and d.hour = h.hour and d.revision = h.revision)`;
// Revisions only rise and hours are only added, so their sum is another one whenever something is left to do.
const REVISIONS = 'select scope_id, sum(revision)::bigint as revisions from scope_hours group by scope_id';

/** Rules that run and whose hours have changed since they decided. What tells is kept with the decisions: see `noteSeen`. */
export async function pendingRules(db: Queryable): Promise<number[]> {
  const rows = await many<{ id: number }>(
    db,
    `select r.id from alert_rules r join (${REVISIONS}) s on s.scope_id = r.scope_id
     where r.deleted_at is null and r.mode <> 'paused' and r.seen_revisions is distinct from s.revisions order by r.id`,
  );
  return rows.map((row) => row.id);
}

/** What to note once all that can be seen now is decided. Read it before the hours. */
export async function readRevisions(db: Queryable, scopeId: number): Promise<number | undefined> {
  const row = await one<{ revisions: number | null }>(
    db,
    'select sum(revision)::bigint as revisions from scope_hours where scope_id = $1',
    [scopeId],
  );
  return row?.revisions ?? undefined;
}

/** Notes up to which sum of revisions a rule version has decided, in the transaction of the decisions. */
export async function noteSeen(tx: Queryable, rule: RuleRef, revisions: number | undefined): Promise<void> {
  await run(tx, 'update alert_rules set seen_revisions = $3 where id = $1 and version = $2', [
    rule.id,
    rule.version,
    revisions ?? null,
  ]);
}

/** The first hour of a rule, from `since` on, whose present revision has no decision. */
export async function firstUndecided(db: Queryable, rule: RuleRef, since: Date): Promise<Date | undefined> {
  const row = await one<{ hour: Date | null }>(
    db,
    `select min(h.hour) as hour from alert_rules r join scope_hours h on h.scope_id = r.scope_id
     where r.id = $1 and r.version = $2 and h.hour >= $3 and ${UNDECIDED}`,
    [rule.id, rule.version, since],
  );
  return row?.hour ?? undefined;
}

/** The newest hour on which any version of the rule has decided. */
export async function decidedUntil(db: Queryable, ruleId: number): Promise<Date | undefined> {
  const row = await one<{ hour: Date | null }>(
    db,
    `select max(d.hour) as hour from alert_rule_versions v
       cross join lateral (select max(hour) as hour from alert_decisions d where d.rule_id = v.rule_id and d.version = v.version) d
     where v.rule_id = $1`,
    [ruleId],
  );
  return row?.hour ?? undefined;
}

/**
 * Lets all rules look again at the hours in [from, to), whose figures are the same and whose meaning is not: the calendar
 * changed. What was decided and told of them stands, as after any change.
 */
export async function lookAgain(tx: Queryable, from: Date, to: Date): Promise<void> {
  await run(tx, 'delete from alert_decisions where hour >= $1 and hour < $2', [from, to]);
  await run(tx, 'update alert_rules set seen_revisions = null where deleted_at is null');
}

/** Writes decisions, at most one for each hour and revision; one that is there gets the present outcome. */
export async function saveDecisions(
  tx: Queryable,
  rule: RuleRef,
  decided: readonly Decided[],
  at: Date,
): Promise<void> {
  for (let start = 0; start < decided.length; start += CHUNK) {
    const rows = decided.slice(start, start + CHUNK).map(({ revision, outcome: { at: hour, ...outcome } }) => ({
      hour: new Date(hour).toISOString(),
      revision,
      outcome: compact(outcome),
    }));
    await run(
      tx,
      `insert into alert_decisions as d (rule_id, version, hour, revision, outcome, at)
       select $1, $2, x.hour, x.revision, x.outcome, $4
       from json_to_recordset($3::json) as x (hour timestamptz, revision integer, outcome jsonb)
       on conflict (rule_id, version, hour, revision) do update set outcome = excluded.outcome
       where d.outcome is distinct from excluded.outcome`,
      [rule.id, rule.version, JSON.stringify(rows), at],
    );
  }
}

/** Six digits are enough for a chart; events keep theirs, because they are what messages say. */
function compact({ events, ...outcome }: Omit<HourOutcome, 'at'>): unknown {
  const round = (_key: string, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return { ...JSON.parse(JSON.stringify(outcome, round)), events };
}

/** Outcomes of the hours in [from, to), oldest first, each as of the hour's newest revision. */
export async function readOutcomes(db: Queryable, rule: RuleRef, from: Date, to: Date): Promise<HourOutcome[]> {
  const rows = await many<{ hour: Date; outcome: Omit<HourOutcome, 'at'> }>(
    db,
    `select distinct on (hour) hour, outcome from alert_decisions
     where rule_id = $1 and version = $2 and hour >= $3 and hour < $4 order by hour, revision desc`,
    [rule.id, rule.version, from, to],
  );
  return rows.map(({ hour, outcome }) => ({ ...outcome, at: hour.getTime() }));
}

/** The newest outcome of a rule version. */
export async function lastOutcome(db: Queryable, rule: RuleRef): Promise<HourOutcome | undefined> {
  const row = await one<{ hour: Date; outcome: Omit<HourOutcome, 'at'> }>(
    db,
    `select hour, outcome from alert_decisions where rule_id = $1 and version = $2 order by hour desc, revision desc limit 1`,
    [rule.id, rule.version],
  );
  return row && { ...row.outcome, at: row.hour.getTime() };
}

/** The detectors' state after an hour. */
export interface Checkpoint {
  hour: Date;
  state: WatchState;
}

/** The newest checkpoint of an hour before `before`. */
export async function newestCheckpoint(db: Queryable, rule: RuleRef, before: Date): Promise<Checkpoint | undefined> {
  return one<Checkpoint & Record<string, unknown>>(
    db,
    `select hour, state from alert_checkpoints where rule_id = $1 and version = $2 and hour < $3 order by hour desc limit 1`,
    [rule.id, rule.version, before],
  );
}

/**
 * Replaces the checkpoints from `from` on, which changed hours made stale. Before, only those at the end of a UTC day are
 * kept: the newest of all is there so that the next hour needs no replay of the day.
 */
export async function replaceCheckpoints(
  tx: Queryable,
  rule: RuleRef,
  from: Date,
  checkpoints: readonly { hour: Date; state: string }[],
): Promise<void> {
  await run(
    tx,
    `delete from alert_checkpoints where rule_id = $1 and version = $2
       and (hour >= $3 or extract(hour from hour at time zone 'UTC') <> 23)`,
    [rule.id, rule.version, from],
  );
  for (let start = 0; start < checkpoints.length; start += CHUNK / 20) {
    const chunk = checkpoints.slice(start, start + CHUNK / 20);
    await run(
      tx,
      `insert into alert_checkpoints (rule_id, version, hour, state)
       select $1, $2, x.hour, x.state::jsonb from unnest($3::timestamptz[], $4::text[]) as x (hour, state)`,
      [rule.id, rule.version, chunk.map(({ hour }) => hour), chunk.map(({ state }) => state)],
    );
  }
}

/** Forgets quiet decisions older than `before`, and those of versions that hold no more, with their checkpoints. */
export async function pruneDecisions(tx: Queryable, rule: RuleRef, before: Date): Promise<number> {
  await run(tx, 'delete from alert_checkpoints where rule_id = $1 and (version < $2 or hour < $3)', [
    rule.id,
    rule.version,
    before,
  ]);
  return run(
    tx,
    `delete from alert_decisions where rule_id = $1 and (version < $2 or hour < $3) and outcome -> 'events' = '[]'`,
    [rule.id, rule.version, before],
  );
}

/**
 * Marks the changed hours before `before` as decided, without looking at them again: each keeps the outcome that it had.
 * For emerging terms, whose windows are kept for days only.
 */
export async function keepOldDecisions(tx: Queryable, rule: RuleRef, before: Date, at: Date): Promise<void> {
  await run(
    tx,
    `insert into alert_decisions (rule_id, version, hour, revision, outcome, at)
     select r.id, r.version, h.hour, h.revision, coalesce(
       (select o.outcome from alert_decisions o where o.rule_id = r.id and o.version = r.version and o.hour = h.hour
        order by o.revision desc limit 1), $5::jsonb), $4
     from alert_rules r join scope_hours h on h.scope_id = r.scope_id and h.hour < $3
     where r.id = $1 and r.version = $2 and ${UNDECIDED}
     on conflict do nothing`,
    [rule.id, rule.version, before, at, JSON.stringify(NOT_LOOKED_AT)],
  );
}

const NOT_LOOKED_AT: Omit<HourOutcome, 'at'> = {
  learning: false,
  held: 'incomplete',
  n: 0,
  value: null,
  baseline: 0,
  band: 0,
  statistics: {},
  open: [],
  recovering: [],
  outside: false,
  events: [],
};
