/** What only the sample needs from the store, most of it for its removal: infra/sample/ calls it. */
import { lockRule, lockRules } from './alertRules.ts';
import { lockActions } from './alerts.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';

/** Some posts that these sources brought, newest first: the scan then goes through one month at a time. */
export async function postsOfSources(tx: Tx, sourceIds: readonly number[], limit: number): Promise<number[]> {
  const rows = await many<{ post_id: number }>(
    tx,
    'select post_id from posts where source_id = any($1) order by published_at desc limit $2',
    [sourceIds, limit],
  );
  return rows.map((row) => row.post_id);
}

/** Forgets what edits of these posts left behind. */
export async function forgetRevisions(tx: Tx, postIds: readonly number[]): Promise<void> {
  await run(tx, 'delete from post_revisions where post_id = any($1)', [postIds]);
}

/** Removes sources whose posts are gone, and what posts leave behind: cells at zero, tombstones, ledger and counts. */
export async function forgetSources(tx: Tx, sourceIds: readonly number[], sites: readonly string[]): Promise<void> {
  await run(tx, 'delete from rollup_hour where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from rollup_day where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from rollup_month where source_id = any($1)', [sourceIds]);
  await run(tx, 'delete from post_sources where source_id = any($1)', [sourceIds]);
  await run(
    tx,
    `with gone as (
       delete from post_keys k where k.site = any($1)
         and not exists (select 1 from posts p where p.post_id = k.post_id and p.published_at = k.published_at)
       returning post_id)
     delete from post_revisions r using gone where r.post_id = gone.post_id`,
    [sites],
  );
  await run(tx, 'delete from sources where id = any($1)', [sourceIds]);
}

/** How many rules over the sample there are, and alerts of theirs. */
export async function countSample(db: Queryable): Promise<{ rules: number; alerts: number }> {
  const row = await one<{ rules: number; alerts: number }>(
    db,
    `select (select count(*)::int from alert_rules where sample and deleted_at is null) as rules,
       (select count(*)::int from alerts where sample) as alerts`,
  );
  return row ?? { rules: 0, alerts: 0 };
}

/** Those of the names that a rule has, or had in any of its versions. */
export async function rulesEverNamed(db: Queryable, names: readonly string[]): Promise<string[]> {
  const rows = await many<{ name: string }>(
    db,
    `select distinct body ->> 'name' as name from alert_rule_versions where body ->> 'name' = any($1)`,
    [names],
  );
  return rows.map((row) => row.name);
}

/** Removes the rules over the sample with their alerts and all that they left. Waits for whoever evaluates them. */
export async function forgetSampleRules(tx: Tx): Promise<number> {
  await lockRules(tx);
  const rules = await many<{ id: number }>(tx, 'select id from alert_rules where sample order by id');
  const ids = rules.map(({ id }) => id);
  for (const id of ids) await lockRule(tx, id);
  await lockActions(tx); // after all locks of rules, as everywhere
  await run(tx, `delete from audit_log where object = 'rule' and object_id = any($1::text[])`, [ids.map(String)]);
  return run(tx, 'delete from alert_rules where id = any($1)', [ids]); // cascades
}

/**
 * Lets every scope be counted anew, and every rule learn anew: hours from which the sample was taken out are not the
 * silence that they look like. Alerts, and what was told of them, stay.
 */
export async function startScopesAnew(tx: Tx): Promise<void> {
  await lockRules(tx);
  const rules = await many<{ id: number }>(tx, 'select id from alert_rules order by id');
  for (const { id } of rules) await lockRule(tx, id);
  await run(tx, 'delete from alert_checkpoints');
  await run(tx, 'delete from alert_decisions');
  await run(tx, 'update alert_rules set seen_revisions = null');
  await run(tx, 'delete from scopes s where not exists (select from alert_rules r where r.scope_id = s.id)');
  await run(tx, 'delete from scope_term_windows');
  await run(
    tx,
    `update scopes set state = 'filling', filled_from = null, filled_to = null, fill_goal = null, seen_version = 0`,
  );
  await run(tx, 'delete from scope_hours');
}
