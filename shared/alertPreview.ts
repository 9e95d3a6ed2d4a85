/**
 * What a rule would have done, before it is kept: the same replay over the hours of its scope as live, and what the choice
 * means there. A new scope is made and has still to be counted; the caller asks for that. Called by api/routes/alertRules.ts.
 * Try it: tests/integration/api-alerts-rules.test.ts.
 */
import { setImmediate } from 'node:timers/promises';
import { parametersOf } from './alertRules.ts';
import { type Backtest, backtest } from './alerts/backtest.ts';
import type { ScopeHour } from './alerts/hours.ts';
import { meaningOf, type RuleMeaning } from './alerts/meaning.ts';
import { hoursToLearn, LEARNING_HOURS, startWatch, stepWatch } from './alerts/watch.ts';
import { type RuleBody, type RuleParameters, Sensitivity } from './contracts/alerts.ts';
import { type Db, inTransaction } from './store/db.ts';
import { readScopeHours } from './store/scopeHours.ts';
import { ensureScope, findScope, type StoredScope } from './store/scopes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What the choices mean is judged by the newest of the hours. */
const MEANING_HOURS = 90 * 24;

interface Variant {
  sensitivity: Sensitivity;
  parameters: RuleParameters;
}

export interface PreviewDeps {
  db: Db;
  /** The reporting zone. */
  zone: string;
  now: Date;
}

export interface RulePreview {
  scope: StoredScope;
  parameters: RuleParameters;
  /** When it will have seen enough, or has; null while nothing is counted. */
  readyAt: Date | null;
  learning: boolean;
  meaning: RuleMeaning;
  /** What was replayed is told from `from` on, up to `to`. */
  replayed: (Backtest & { from: Date; to: Date }) | null;
  /** `terms`: what words were used in the past is not kept for so long. */
  whyNone: 'filling' | 'empty' | 'terms' | null;
}

/** The same for a rule that is kept, or for one that would replace it: `ruleId`. `days` of alerts are told of. */
export async function previewRule(
  deps: PreviewDeps,
  body: RuleBody,
  { days, ruleId }: { days: number; ruleId?: number | undefined },
): Promise<RulePreview> {
  const { scope, parameters, variants } = await inTransaction(deps.db, async (tx) => {
    const { id } = await ensureScope(tx, body.scope);
    const others = Sensitivity.options.filter((sensitivity) => sensitivity !== body.sensitivity);
    const variants: Variant[] = [];
    for (const sensitivity of others)
      variants.push({ sensitivity, parameters: await parametersOf(tx, { ...body, sensitivity }, ruleId) });
    return { scope: await findScope(tx, id), parameters: await parametersOf(tx, body, ruleId), variants };
  });
  if (!scope) throw new Error('a scope just made cannot be read');
  const known = scope.state === 'ready' ? await hoursOf(deps, scope) : [];
  const to = known.length > 0 ? new Date((known.at(-1)?.at ?? 0) + HOUR_MS) : deps.now;
  const from = new Date(Math.max(known[0]?.at ?? 0, to.getTime() - days * DAY_MS));
  const canReplay = known.length > 0 && body.metric !== 'terms';
  const replayed = canReplay ? await replay(parameters, known, { from: from.getTime(), variants }) : null;
  return {
    scope,
    parameters,
    ...learningOf(parameters, known),
    meaning: meaningOf(parameters, known.slice(-MEANING_HOURS)),
    replayed: replayed && { ...replayed, from, to },
    whyNone: scope.state === 'filling' ? 'filling' : known.length === 0 ? 'empty' : canReplay ? null : 'terms',
  };
}

/** One replay at a time, and others are served between them: each of a year takes some tenths of a second. */
async function replay(
  parameters: RuleParameters,
  hours: readonly ScopeHour[],
  { from, variants }: { from: number; variants: readonly Variant[] },
): Promise<Backtest> {
  const own = backtest(parameters, hours, { from });
  const others: Backtest['variants'] = [];
  for (const variant of variants) {
    await setImmediate();
    const { alerts, perMonth } = backtest(variant.parameters, hours, { from });
    others.push({ sensitivity: variant.sensitivity, alerts: alerts.length, perMonth });
  }
  return { ...own, variants: others };
}

async function hoursOf({ db, zone }: PreviewDeps, { id, filledFrom, filledTo }: StoredScope): Promise<ScopeHour[]> {
  if (!filledFrom || !filledTo) return [];
  return readScopeHours(db, { scopeId: id, zone, from: filledFrom, to: filledTo });
}

/** By what the detectors would have seen by now. Of terms only the time that has passed is known here. */
function learningOf(
  parameters: RuleParameters,
  hours: readonly ScopeHour[],
): { readyAt: Date | null; learning: boolean } {
  const [first, last] = [hours[0], hours.at(-1)];
  if (!first || !last) return { readyAt: null, learning: true };
  const planned = new Date(first.at + LEARNING_HOURS[parameters.metric] * HOUR_MS);
  if (parameters.metric === 'terms') return { readyAt: planned, learning: planned.getTime() > last.at + HOUR_MS };
  const state = startWatch(parameters);
  for (const hour of hours) {
    stepWatch(parameters, state, hour);
    if (hoursToLearn(parameters, state) === 0) return { readyAt: new Date(hour.at + HOUR_MS), learning: false };
  }
  const left = hoursToLearn(parameters, state);
  return { readyAt: new Date(last.at + (1 + left) * HOUR_MS), learning: true };
}
