/**
 * Rules and their versions. A rule's row says what holds now; each change leaves the version that held before it, so that
 * an alert can name the one that raised it. shared/alertRules.ts changes rules, workers/alerts/ evaluates them.
 */
import type { AlertMetric, RuleBody, RuleMode, RuleParameters } from '../contracts/alerts.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';

export interface AlertRule {
  id: number;
  name: string;
  version: number;
  scope_id: number;
  metric: AlertMetric;
  body: RuleBody;
  parameters: RuleParameters;
  mode: RuleMode;
  sample: boolean;
  created_at: Date;
  updated_at: Date;
  /** Decisions on hours that ended before are history. */
  live_from: Date;
  deleted_at: Date | null;
}

export interface RuleVersion {
  version: number;
  scope_id: number;
  body: RuleBody;
  parameters: RuleParameters;
  mode: RuleMode;
  changed_by: string;
  at: Date;
}

/** What a change sets: everything but the rule's name for itself. */
export interface RuleChange {
  scopeId: number;
  body: RuleBody;
  parameters: RuleParameters;
  liveFrom: Date;
  by: string;
  at: Date;
}

const COLUMNS = `id, name, version, scope_id, metric, body, parameters, mode, sample, created_at, updated_at, live_from, deleted_at`;

/** One writer of rules at a time: a budget is shared out over all of them. Lasts until the end of the transaction. */
export async function lockRules(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.rules', 0))`);
}

/** One evaluation of a rule at a time. Lasts until the end of the transaction. */
export async function lockRule(tx: Tx, id: number): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`sada.rule.${id}`]);
}

/** A rule that is not deleted. */
export async function findRule(db: Queryable, id: number): Promise<AlertRule | undefined> {
  return one<AlertRule & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from alert_rules where id = $1 and deleted_at is null`,
    [id],
  );
}

/** A rule, also a deleted one: its alerts still name it. */
export async function findRuleEver(db: Queryable, id: number): Promise<AlertRule | undefined> {
  return one<AlertRule & Record<string, unknown>>(db, `select ${COLUMNS} from alert_rules where id = $1`, [id]);
}

export async function findRuleByName(db: Queryable, name: string): Promise<AlertRule | undefined> {
  return one<AlertRule & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from alert_rules where name = $1 and deleted_at is null`,
    [name],
  );
}

/** All rules that are not deleted, oldest first. */
export async function listRules(db: Queryable): Promise<AlertRule[]> {
  return many<AlertRule & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from alert_rules where deleted_at is null order by id`,
  );
}

/** Names of rules, also of deleted ones. */
export async function ruleNames(
  db: Queryable,
  ids: readonly number[],
): Promise<Map<number, { name: string; deleted: boolean }>> {
  const rows = await many<{ id: number; name: string; deleted: boolean }>(
    db,
    'select id, name, deleted_at is not null as deleted from alert_rules where id = any($1)',
    [ids],
  );
  return new Map(rows.map(({ id, ...row }) => [id, row]));
}

/** Versions of a rule, newest first. */
export async function ruleVersions(db: Queryable, ruleId: number): Promise<RuleVersion[]> {
  return many<RuleVersion & Record<string, unknown>>(
    db,
    `select version, scope_id, body, parameters, mode, changed_by, at from alert_rule_versions
     where rule_id = $1 order by version desc`,
    [ruleId],
  );
}

/** Adds a rule with its first version. The caller holds `lockRules` and knows that the name is free. */
export async function insertRule(tx: Tx, change: RuleChange & { sample: boolean }): Promise<AlertRule> {
  const row = await one<AlertRule & Record<string, unknown>>(
    tx,
    `insert into alert_rules (name, scope_id, metric, body, parameters, mode, sample, live_from, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) returning ${COLUMNS}`,
    [
      change.body.name,
      change.scopeId,
      change.body.metric,
      JSON.stringify(change.body),
      JSON.stringify(change.parameters),
      change.body.mode,
      change.sample,
      change.liveFrom,
      change.at,
    ],
  );
  if (!row) throw new Error('an insert returned no row');
  await insertVersion(tx, row, change);
  return row;
}

/** Makes the next version of a rule. */
export async function updateRule(tx: Tx, id: number, change: RuleChange): Promise<AlertRule> {
  const row = await one<AlertRule & Record<string, unknown>>(
    tx,
    `update alert_rules set name = $2, scope_id = $3, metric = $4, body = $5, parameters = $6, mode = $7, live_from = $8,
       updated_at = $9, version = version + 1, seen_revisions = null
     where id = $1 returning ${COLUMNS}`,
    [
      id,
      change.body.name,
      change.scopeId,
      change.body.metric,
      JSON.stringify(change.body),
      JSON.stringify(change.parameters),
      change.body.mode,
      change.liveFrom,
      change.at,
    ],
  );
  if (!row) throw new Error(`rule ${id} is gone while it is changed`);
  await insertVersion(tx, row, change);
  return row;
}

async function insertVersion(tx: Tx, rule: AlertRule, { by, at }: RuleChange): Promise<void> {
  await run(
    tx,
    `insert into alert_rule_versions (rule_id, version, scope_id, body, parameters, mode, changed_by, at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      rule.id,
      rule.version,
      rule.scope_id,
      JSON.stringify(rule.body),
      JSON.stringify(rule.parameters),
      rule.mode,
      by,
      at,
    ],
  );
}

/** Marks a rule as deleted: its alerts and versions stay. */
export async function markRuleDeleted(tx: Tx, id: number, at: Date): Promise<void> {
  await run(tx, 'update alert_rules set deleted_at = $2, updated_at = $2 where id = $1', [id, at]);
}

/** Of these channels, those that there are: budget, kind, and how many live rules other than `except` deliver to each. */
export async function channelLoads(
  tx: Queryable,
  ids: readonly number[],
  except?: number,
): Promise<{ id: number; kind: string; budget: number; rules: number }[]> {
  return many(
    tx,
    `select c.id, c.kind::text as kind, c.budget, count(r.id)::int as rules
     from channels c left join alert_rules r on r.deleted_at is null and r.mode = 'live' and not r.sample
       and r.id is distinct from $2 and r.body -> 'channels' @> to_jsonb(c.id)
     where c.id = any($1) group by c.id order by c.id`,
    [ids, except ?? null],
  );
}

/** Live rules that deliver to one of these channels, oldest first. */
export async function liveRulesOn(tx: Queryable, channels: readonly number[]): Promise<AlertRule[]> {
  return many<AlertRule & Record<string, unknown>>(
    tx,
    `select ${COLUMNS} from alert_rules r where deleted_at is null and mode = 'live' and not sample
       and exists (select 1 from unnest($1::int[]) as c (id) where r.body -> 'channels' @> to_jsonb(c.id))
     order by id`,
    [channels],
  );
}

/** How people judged the alerts of a rule. */
export async function ruleVerdicts(db: Queryable, ruleId: number): Promise<{ useful: number; noise: number }> {
  const row = await one<{ useful: number; noise: number }>(
    db,
    `select count(*) filter (where verdict = 'useful')::int as useful, count(*) filter (where verdict = 'noise')::int as noise
     from alerts where rule_id = $1`,
    [ruleId],
  );
  return row ?? { useful: 0, noise: 0 };
}
