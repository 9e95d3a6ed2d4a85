/**
 * Rules are made, changed and deleted here, by the API and the CLI alike. What the detectors are given follows from what
 * the person chose and from the budgets of the channels, shared out over all live rules that deliver to them: so a change
 * of one rule can give others a new version, by `budget`. Try it: tests/integration/alerts-rules.test.ts.
 */
import { endAlert, tellReaders } from './alertActions.ts';
import type { MessageDeps } from './alertMessages.ts';
import { toParameters } from './alerts/parameters.ts';
import { RuleBody, type RuleParameters } from './contracts/alerts.ts';
import { AppError, type FieldError } from './errors.ts';
import {
  type AlertRule,
  channelLoads,
  findRule,
  findRuleByName,
  insertRule,
  liveRulesOn,
  lockRule,
  lockRules,
  markRuleDeleted,
  updateRule,
} from './store/alertRules.ts';
import { alertsSince, lockActions } from './store/alerts.ts';
import { audit } from './store/audit.ts';
import { type Db, inTransaction, type Tx } from './store/db.ts';
import { decidedUntil } from './store/decisions.ts';
import { ensureScope } from './store/scopes.ts';
import { zoneExists } from './store/zones.ts';

const HOUR_MS = 3_600_000;
/** Everything is news for rules over the sample: nobody is told, so the past may be shown as it would have been. */
const SINCE_EVER = new Date(0);

export interface RuleDeps extends MessageDeps {
  db: Db;
}

/** Who changes which rule, and in which version they saw it (none: whatever it is now). */
export interface RuleAction {
  id: number;
  by: string;
  version?: number;
}

/** Makes a rule. Its scope is filled by the job fill_scope if it is new. Throws `invalid` and `conflict`, naming fields. */
export function createRule(deps: RuleDeps, body: RuleBody, by: string, { sample = false } = {}): Promise<AlertRule> {
  return inTransaction(deps.db, async (tx) => {
    await lockRules(tx);
    const parameters = await check(tx, body);
    const { id: scopeId } = await ensureScope(tx, body.scope);
    const liveFrom = sample ? SINCE_EVER : deps.now;
    const rule = await insertRule(tx, { scopeId, body, parameters, liveFrom, by, at: deps.now, sample });
    await audit(tx, {
      actor: by,
      action: 'created',
      object: 'rule',
      objectId: rule.id,
      before: null,
      after: body,
      at: deps.now,
    });
    await shareBudgets(tx, deps, body.channels, rule.id);
    return rule;
  });
}

/** Changes a rule: a new version, unless nothing changes. Throws not_found, precondition_failed, invalid, conflict. */
export function changeRule(deps: RuleDeps, action: RuleAction, body: RuleBody): Promise<AlertRule> {
  return inTransaction(deps.db, async (tx) => {
    await lockRules(tx);
    const before = await take(tx, action);
    if (sameBody(before.body, body)) return before;
    const parameters = await check(tx, body, before);
    const { id: scopeId } = await ensureScope(tx, body.scope);
    const liveFrom = before.sample ? SINCE_EVER : await undecidedFrom(tx, before, deps.now);
    const change = { scopeId, body, parameters, liveFrom, by: action.by, at: deps.now };
    const rule = await updateRule(tx, before.id, change);
    await auditChange(tx, before, body, action.by, deps.now);
    await shareBudgets(tx, deps, [...new Set([...before.body.channels, ...body.channels])], rule.id);
    // Whoever looks at something else now, or no more, or in secret, cannot say how it ends.
    const another = scopeId !== before.scope_id || body.metric !== before.metric || body.mode !== before.mode;
    if (another) await endAlertsOf(tx, deps, rule, action.by);
    return rule;
  });
}

/** Deletes a rule: its open alerts end, its versions and alerts stay. Throws not_found, precondition_failed. */
export function deleteRule(deps: RuleDeps, action: RuleAction): Promise<void> {
  return inTransaction(deps.db, async (tx) => {
    await lockRules(tx);
    const rule = await take(tx, action);
    await markRuleDeleted(tx, rule.id, deps.now);
    await audit(tx, {
      actor: action.by,
      action: 'deleted',
      object: 'rule',
      objectId: rule.id,
      before: rule.body,
      after: null,
      at: deps.now,
    });
    await shareBudgets(tx, deps, rule.body.channels, rule.id);
    await endAlertsOf(tx, deps, rule, action.by);
  });
}

/**
 * Gives the live rules on these channels what is their share now; those whose parameters change get a new version. Also
 * for a channel whose budget changed or that is gone. The caller holds `lockRules`. Returns the rules that changed.
 */
export async function shareBudgets(
  tx: Tx,
  { now }: { now: Date },
  channels: readonly number[],
  except?: number,
): Promise<AlertRule[]> {
  const changed: AlertRule[] = [];
  for (const { id } of (await liveRulesOn(tx, channels)).filter((rule) => rule.id !== except)) {
    await lockRule(tx, id);
    const rule = await findRule(tx, id);
    if (!rule) continue;
    const parameters = await parametersOf(tx, rule.body, rule.id);
    if (JSON.stringify(parameters) === JSON.stringify(toShape(rule.parameters, parameters))) continue;
    const liveFrom = await undecidedFrom(tx, rule, now);
    changed.push(
      await updateRule(tx, id, {
        scopeId: rule.scope_id,
        body: rule.body,
        parameters,
        liveFrom,
        by: 'budget',
        at: now,
      }),
    );
  }
  return changed;
}

/** jsonb keeps its own order of names: the same values in the order of `like`. */
function toShape(stored: RuleParameters, like: RuleParameters): unknown {
  const { severity } = stored;
  const ordered = Object.fromEntries(Object.keys(like).map((key) => [key, stored[key as keyof RuleParameters]]));
  return { ...ordered, severity: { info: severity.info, warning: severity.warning, critical: severity.critical } };
}

/** What the detectors are given, as if the rule were live: then its preview says what it would do. */
export async function parametersOf(tx: Tx, body: RuleBody, ruleId?: number): Promise<RuleParameters> {
  const loads = await channelLoads(tx, body.channels, ruleId);
  return toParameters(
    body,
    loads.map(({ rules, budget }) => ({ rules: rules + 1, budget })),
  );
}

async function take(tx: Tx, { id, version }: RuleAction): Promise<AlertRule> {
  await lockRule(tx, id);
  const rule = await findRule(tx, id);
  if (!rule) throw new AppError('not_found', `There is no rule ${id}`);
  if (version !== undefined && rule.version !== version)
    throw new AppError('precondition_failed', 'The rule has changed since it was read');
  return rule;
}

/** Hours that no version has decided are news, also if they ended before the change; not those of a pause. */
async function undecidedFrom(tx: Tx, rule: AlertRule, now: Date): Promise<Date> {
  const last = rule.mode === 'paused' ? undefined : await decidedUntil(tx, rule.id);
  const from = last ? Math.min(now.getTime(), last.getTime() + HOUR_MS) : now.getTime();
  return new Date(Math.max(from, rule.live_from.getTime()));
}

/** What of a rule only the database can judge. Returns its parameters. */
async function check(tx: Tx, body: RuleBody, before?: AlertRule): Promise<RuleParameters> {
  const errors: FieldError[] = [];
  const escalation = body.escalation?.channels ?? [];
  const there = new Set((await channelLoads(tx, [...body.channels, ...escalation])).map(({ id }) => id));
  const missing = (ids: readonly number[], pointer: string) =>
    ids.forEach((id, index) => {
      if (!there.has(id)) errors.push({ pointer: `${pointer}/${index}`, detail: `there is no channel ${id}` });
    });
  missing(body.channels, '/channels');
  missing(escalation, '/escalation/channels');
  if (body.zone !== undefined && !(await zoneExists(tx, body.zone)))
    errors.push({ pointer: '/zone', detail: 'there is no such time zone' });
  if (errors.length > 0) throw new AppError('invalid', 'The rule cannot be kept', { errors });
  const namesake = await findRuleByName(tx, body.name);
  if (namesake && namesake.id !== before?.id)
    throw new AppError('conflict', 'The name is taken', {
      errors: [{ pointer: '/name', detail: 'there is such a rule already' }],
    });
  return parametersOf(tx, body, before?.id);
}

function sameBody(a: RuleBody, b: RuleBody): boolean {
  return JSON.stringify(RuleBody.parse(a)) === JSON.stringify(RuleBody.parse(b));
}

async function auditChange(tx: Tx, before: AlertRule, after: RuleBody, actor: string, at: Date): Promise<void> {
  await audit(tx, { actor, action: 'changed', object: 'rule', objectId: before.id, before: before.body, after, at });
}

async function endAlertsOf(tx: Tx, deps: RuleDeps, rule: AlertRule, by: string): Promise<void> {
  await lockActions(tx); // after all locks of rules, as everywhere
  const open = (await alertsSince(tx, rule.id, deps.now)).filter((alert) => alert.state !== 'resolved');
  const ended = [];
  for (const alert of open)
    ended.push(await endAlert(tx, deps, alert, { resolution: 'rule_changed', at: deps.now, by }));
  await tellReaders(tx, ended);
}
