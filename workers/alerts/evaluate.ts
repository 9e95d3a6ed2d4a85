/**
 * Evaluates a rule: replays the hours of its scope since the last checkpoint before what changed, writes decisions and
 * checkpoints, and acts on what is news, all in one transaction under the rule's lock. However many workers run this, and
 * wherever one dies, each hour is acted on once. workers/alerts/watch.ts calls it every minute for rules with changed hours.
 */

import type { ScopeHour } from '../../shared/alerts/hours.ts';
import { type HourOutcome, startWatch, stepWatch, type WatchState } from '../../shared/alerts/watch.ts';
import type { RuleParameters, Signal } from '../../shared/contracts/alerts.ts';
import { type AlertRule, findRule, lockRule } from '../../shared/store/alertRules.ts';
import { inTransaction, type Tx } from '../../shared/store/db.ts';
import {
  decidedUntil,
  firstUndecided,
  keepOldDecisions,
  lastOutcome,
  newestCheckpoint,
  noteSeen,
  pruneDecisions,
  readOutcomes,
  readRevisions,
  replaceCheckpoints,
  saveDecisions,
} from '../../shared/store/decisions.ts';
import { readScopeHours } from '../../shared/store/scopeHours.ts';
import { findScope, type StoredScope } from '../../shared/store/scopes.ts';
import { actOn } from './act.ts';
import type { EngineDeps } from './engine.ts';
import { HOUR_MS } from './incidents.ts';
import { addTermSignals } from './terms.ts';

const DAY_MS = 24 * HOUR_MS;
/** Hours whose terms are looked at again when they change, in ms: their windows are made from the posts each time. */
const TERMS_MS = 72 * HOUR_MS;
/** Hours before an alarm that its chart shows. */
const CHART_HOURS = 72;
/** Hours that changed longer ago are left alone: as long as a scope's history is. Decisions are kept a little longer. */
const LOOKED_AT_MS = 400 * DAY_MS;
const KEPT_MS = LOOKED_AT_MS + 10 * DAY_MS;

export interface Evaluation {
  /** Hours decided, those before the change aside. */
  hours: number;
  /** Alerts opened, moved or ended. */
  alerts: number;
}

/** Brings a rule up to date with its scope. Undefined when there is nothing to do. Safe to repeat and to interrupt. */
export async function evaluateRule(deps: EngineDeps, ruleId: number): Promise<Evaluation | undefined> {
  return inTransaction(deps.db, async (tx) => {
    await lockRule(tx, ruleId);
    const work = await findWork(tx, deps, ruleId);
    if (!work) return undefined;
    const { rule, scope, from, revisions } = work;
    await noteSeen(tx, rule, revisions);
    if (!from) return undefined;
    const { state, openBefore, hours } = await prepare(tx, deps, { ...work, from });
    const { outcomes, checkpoints } = replay(rule.parameters, state, hours);
    const decided = hours.flatMap(({ at, revision }, index) => {
      const outcome = outcomes[index];
      return outcome && at >= from.getTime() ? [{ revision, outcome }] : [];
    });
    const before = await decidedUntil(tx, rule.id);
    const earlier = await earlierOutcomes(tx, rule, from);
    await saveDecisions(tx, rule, decided, deps.now);
    await replaceCheckpoints(
      tx,
      rule,
      from,
      checkpoints.filter(({ hour }) => hour >= from),
    );
    const alerts = await actOn(tx, deps, {
      rule,
      scope,
      from: from.getTime(),
      openBefore: outcomes.findLast(({ at }) => at < from.getTime())?.open ?? openBefore,
      outcomes: decided.map(({ outcome }) => outcome),
      earlier,
      decidedUntil: before ? before.getTime() + HOUR_MS : 0,
    });
    if (checkpoints.some(({ hour }) => isDayEnd(hour.getTime())))
      await pruneDecisions(tx, rule, new Date(deps.now.getTime() - KEPT_MS));
    return { hours: decided.length, alerts };
  });
}

interface Work {
  rule: AlertRule;
  scope: StoredScope & { filledFrom: Date; filledTo: Date };
  /** The first hour that is to be decided; undefined when no change was of an hour that is looked at. */
  from: Date | undefined;
  /** Of the scope, as it is now. */
  revisions: number | undefined;
}

/** The first hour whose change is looked at. */
function lookedAtFrom(now: Date): Date {
  return new Date(floorHour(now.getTime() - LOOKED_AT_MS));
}

async function findWork(tx: Tx, deps: EngineDeps, ruleId: number): Promise<Work | undefined> {
  const rule = await findRule(tx, ruleId);
  if (!rule || rule.mode === 'paused') return undefined;
  const revisions = await readRevisions(tx, rule.scope_id); // before the hours: what comes meanwhile is another sum
  const scope = await findScope(tx, rule.scope_id);
  if (!scope?.filledFrom || !scope.filledTo) return undefined;
  const { filledFrom, filledTo } = scope;
  const last = await lastOutcome(tx, rule);
  // Each step of the filling would replay everything: once an hour is enough until it ends.
  if (scope.state === 'filling' && last && last.at >= filledTo.getTime() - HOUR_MS) return undefined;
  let since = lookedAtFrom(deps.now);
  if (rule.metric === 'terms' && last) {
    // What was decided on older hours stands: their terms are no longer known.
    since = new Date(floorHour(deps.now.getTime() - TERMS_MS));
    await keepOldDecisions(tx, rule, since, deps.now);
  }
  const from = await firstUndecided(tx, rule, since);
  return { rule, scope: { ...scope, filledFrom, filledTo }, from, revisions };
}

/** The state to go on from, what was open then, and the hours since. */
async function prepare(
  tx: Tx,
  deps: EngineDeps,
  { rule, scope, from }: Work & { from: Date },
): Promise<{ state: WatchState; openBefore: Signal[]; hours: ScopeHour[] }> {
  const checkpoint = await newestCheckpoint(tx, rule, from);
  const start = checkpoint ? new Date(checkpoint.hour.getTime() + HOUR_MS) : scope.filledFrom;
  const hours = await readScopeHours(tx, { scopeId: scope.id, zone: deps.zone, from: start, to: scope.filledTo });
  if (rule.metric === 'terms') {
    const since = deps.termsSince?.getTime() ?? deps.now.getTime() - TERMS_MS;
    await addTermSignals(
      deps,
      scope.id,
      hours.filter(({ at }) => at >= since),
    );
  }
  if (!checkpoint) return { state: startWatch(rule.parameters), openBefore: [], hours };
  const [then] = await readOutcomes(tx, rule, checkpoint.hour, start);
  return { state: checkpoint.state, openBefore: then?.open ?? [], hours };
}

async function earlierOutcomes(tx: Tx, rule: AlertRule, from: Date): Promise<HourOutcome[]> {
  return readOutcomes(tx, rule, new Date(from.getTime() - (CHART_HOURS - 1) * HOUR_MS), from);
}

/** Steps through hours from a state, which it changes. Checkpoints: at the end of each UTC day, and of the last hour. */
export function replay(
  parameters: RuleParameters,
  state: WatchState,
  hours: readonly ScopeHour[],
): { outcomes: HourOutcome[]; checkpoints: { hour: Date; state: string }[] } {
  const checkpoints: { hour: Date; state: string }[] = [];
  const outcomes = hours.map((hour, index) => {
    const outcome = stepWatch(parameters, state, hour);
    if (isDayEnd(hour.at) || index === hours.length - 1)
      checkpoints.push({ hour: new Date(hour.at), state: JSON.stringify(state) });
    return outcome;
  });
  return { outcomes, checkpoints };
}

const isDayEnd = (at: number) => (at + HOUR_MS) % DAY_MS === 0;
const floorHour = (at: number) => at - (at % HOUR_MS);
