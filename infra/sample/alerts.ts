/**
 * The alerts of the sample: the default rules, marked as sample, replayed over its posts by the code that watches live
 * ones. Nobody is told of what they raise. infra/commands/demo.ts calls it at the end of a load, before the load counts as
 * done, so that a load which was cut there goes on here. Try it: npx sada demo
 */
import { createRule } from '../../shared/alertRules.ts';
import { defaultRules } from '../../shared/alerts/defaultRules.ts';
import type { RuleBody } from '../../shared/contracts/alerts.ts';
import type { Log } from '../../shared/log.ts';
import { type AlertRule, findRuleByName } from '../../shared/store/alertRules.ts';
import { type Db, inTransaction } from '../../shared/store/db.ts';
import { countSample, rulesEverNamed } from '../../shared/store/sample.ts';
import { ensureScope } from '../../shared/store/scopes.ts';
import { evaluateRule } from '../../workers/alerts/evaluate.ts';
import { fillScope, updateScopes } from '../../workers/alerts/scopes.ts';

const DAY_MS = 86_400_000;
/** New words are looked for in the last week, the one that has a story: that alone takes most of the time of a replay. */
const TERMS_DAYS = 7;
/** Who the audit log says made the rules. */
const BY = 'sada demo';

export interface SampleAlertDeps {
  db: Db;
  log: Log;
  zone: string;
  /** Who scored the posts. */
  model: string;
}

/**
 * Makes the rules and their alerts; what is there already is left alone. Returns how many there are.
 * Throws the signal's reason when aborted between two steps.
 */
export async function replayRules(
  deps: SampleAlertDeps,
  now: Date,
  signal: AbortSignal,
): Promise<{ rules: number; alerts: number }> {
  const bodies = defaultRules();
  const fill = () => fillScopes(deps, bodies, now, signal);
  await fill(); // before there are rules: a worker that evaluates them, too, then sees all hours at once
  for (const body of bodies) {
    signal.throwIfAborted();
    const { id } = await obtainRule(deps, body, now);
    await evaluate(deps, id, now);
  }
  await fill(); // of a scope that was there before the sample, its changes
  return countSample(deps.db);
}

async function fillScopes(
  { db, log }: SampleAlertDeps,
  bodies: readonly RuleBody[],
  now: Date,
  signal: AbortSignal,
): Promise<void> {
  const scopes: number[] = [];
  for (const { scope } of bodies) scopes.push((await inTransaction(db, (tx) => ensureScope(tx, scope))).id);
  await updateScopes({ db, log, now });
  for (const id of new Set(scopes)) {
    await fillScope({ db, log, now: () => now }, id, signal);
    signal.throwIfAborted();
  }
}

async function obtainRule({ db, zone }: SampleAlertDeps, body: RuleBody, now: Date): Promise<AlertRule> {
  // The name may be that of a rule which watches real posts.
  for (const name of [body.name, `${body.name} (sample)`]) {
    const known = await findRuleByName(db, name);
    if (known?.sample) return known;
    if (!known) return createRule({ db, zone, address: null, now }, { ...body, name }, BY, { sample: true });
  }
  throw new Error(`there are two rules “${body.name}” already`);
}

async function evaluate({ db, log, zone, model }: SampleAlertDeps, ruleId: number, now: Date): Promise<void> {
  const termsSince = new Date(now.getTime() - TERMS_DAYS * DAY_MS);
  await evaluateRule({ db, log, zone, model, address: null, now, termsSince }, ruleId);
}

/** Makes the default rules for real posts, but for those that somebody has had already. Returns the names of the new ones. */
export async function makeDefaultRules(db: Db, zone: string, now: Date): Promise<string[]> {
  const made: string[] = [];
  const bodies = defaultRules();
  const had = await rulesEverNamed(
    db,
    bodies.map(({ name }) => name),
  );
  for (const body of bodies.filter(({ name }) => !had.includes(name))) {
    await createRule({ db, zone, address: null, now }, body, 'sada live');
    made.push(body.name);
  }
  return made;
}
