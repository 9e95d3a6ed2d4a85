/**
 * What a rule is doing now, for its page and for the API: learning until when, watching, holding its fire, and how often
 * people found it right. Reads only. Try it: tests/integration/alerts-rules.test.ts.
 */
import { hoursToLearn, LEARNING_HOURS } from './alerts/watch.ts';
import { type AlertRule, findRule, listRules, ruleVerdicts } from './store/alertRules.ts';
import type { Queryable } from './store/db.ts';
import { lastOutcome, newestCheckpoint } from './store/decisions.ts';
import { findScope, type StoredScope } from './store/scopes.ts';

const HOUR_MS = 3_600_000;
const EVER = new Date('9999-01-01T00:00:00Z');

export interface RuleState {
  rule: AlertRule;
  scope: StoredScope | undefined;
  /** `holding`: data are missing, so that nothing fires and nothing is resolved. */
  state: 'learning' | 'watching' | 'holding' | 'paused' | 'shadow';
  /** When it will have seen enough, or has; null while nothing of its scope is counted yet. */
  ready_at: Date | null;
  /** The newest hour that it decided on; null before the first. */
  decided_until: Date | null;
  /** useful / (useful + noise); null before the first verdict. */
  precision: number | null;
  verdicts: { useful: number; noise: number };
}

/** A rule with its state; undefined when there is none, or it is deleted. */
export async function readRule(db: Queryable, id: number): Promise<RuleState | undefined> {
  const rule = await findRule(db, id);
  return rule && stateOf(db, rule);
}

/** All rules with their states, oldest first. */
export async function readRules(db: Queryable): Promise<RuleState[]> {
  const states: RuleState[] = [];
  for (const rule of await listRules(db)) states.push(await stateOf(db, rule));
  return states;
}

async function stateOf(db: Queryable, rule: AlertRule): Promise<RuleState> {
  const scope = await findScope(db, rule.scope_id);
  const last = await lastOutcome(db, rule);
  const verdicts = await ruleVerdicts(db, rule.id);
  const judged = verdicts.useful + verdicts.noise;
  const readyAt = await readyAtOf(db, rule, scope);
  const learning = last === undefined || last.learning;
  const running = learning ? 'learning' : last.held ? 'holding' : 'watching';
  return {
    rule,
    scope,
    state: rule.mode === 'live' ? running : rule.mode,
    ready_at: readyAt,
    decided_until: last ? new Date(last.at + HOUR_MS) : null,
    precision: judged > 0 ? verdicts.useful / judged : null,
    verdicts,
  };
}

/** By what the detectors have seen; hours without data teach nothing and put it off. */
async function readyAtOf(db: Queryable, rule: AlertRule, scope: StoredScope | undefined): Promise<Date | null> {
  const checkpoint = await newestCheckpoint(db, rule, EVER);
  if (checkpoint) {
    const left = hoursToLearn(rule.parameters, checkpoint.state);
    if (left > 0) return new Date(checkpoint.hour.getTime() + (1 + left) * HOUR_MS);
  }
  return scope?.filledFrom ? new Date(scope.filledFrom.getTime() + LEARNING_HOURS[rule.metric] * HOUR_MS) : null;
}
