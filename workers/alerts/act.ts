/**
 * What follows from a replay: alerts open, escalate, recover and end, and messages of that are written, in the transaction
 * of the decisions. News are only hours after the rule went live; what ended more than a day ago is recorded, and told only
 * if it goes on. Called by workers/alerts/evaluate.ts.
 */
import { createHash } from 'node:crypto';
import { endAlert, tellReaders } from '../../shared/alertActions.ts';
import { announce } from '../../shared/alertMessages.ts';
import type { Figures, HourOutcome, WatchEvent } from '../../shared/alerts/watch.ts';
import type { AlertMessage, Severity, Signal } from '../../shared/contracts/alerts.ts';
import { alertsOpened } from '../../shared/metrics.ts';
import type { AlertRule } from '../../shared/store/alertRules.ts';
import {
  type Alert,
  type AlertEvent,
  addAlertEvent,
  alertEvents,
  alertsSince,
  insertAlert,
  lockActions,
  lockAlert,
  updateAlert,
} from '../../shared/store/alerts.ts';
import type { Tx } from '../../shared/store/db.ts';
import type { EngineDeps, Replayed } from './engine.ts';
import { explain } from './explain.ts';
import { join, mute } from './group.ts';
import { type Happening, HOUR_MS, type Incident, incidentsOf, match } from './incidents.ts';
import { tellNoData } from './noData.ts';

/** What ended longer ago than this is told only if it goes on. */
const NEWS_MS = 24 * HOUR_MS;

/** Acts on the difference between what the replay tells and what is recorded. Returns how many alerts that touched. */
export async function actOn(tx: Tx, deps: EngineDeps, replayed: Replayed): Promise<number> {
  const { rule, openBefore, outcomes, from } = replayed;
  const incidents = incidentsOf(openBefore, outcomes);
  const since = new Date(from);
  const hasNews = incidents.length > 0 || outcomes.some(({ events }) => events.length > 0);
  if (!hasNews && (await alertsSince(tx, rule.id, since)).length === 0) return 0;
  await lockActions(tx);
  const recorded = await alertsSince(tx, rule.id, since);
  // What was taken back, or ended with a change of the rule, is another alert when it comes again.
  const standing = recorded.filter(
    ({ resolution, scope_id }) =>
      scope_id === rule.scope_id && resolution !== 'revised' && resolution !== 'rule_changed',
  );
  const { of, orphans } = match(incidents, standing, from);
  const touched: Alert[] = [];
  for (const orphan of orphans) touched.push(...(await takeBackAlert(tx, deps, replayed, orphan)));
  for (const incident of incidents) {
    const alerts = of.get(incident) ?? [];
    const moved =
      alerts.length === 0
        ? await openIncident(tx, deps, replayed, incident, recorded)
        : await goOn(
            tx,
            deps,
            replayed,
            incident,
            alerts.findLast(({ state }) => state !== 'resolved'),
          );
    if (moved) touched.push(moved);
  }
  await tellNoData(tx, deps, replayed);
  await tellReaders(tx, touched);
  return touched.length;
}

/** By the present figures, or by the rule as it is now, this alert would not be open. What was sent stands. */
async function takeBackAlert(tx: Tx, deps: EngineDeps, { rule, from }: Replayed, alert: Alert): Promise<Alert[]> {
  const held = await lockAlert(tx, alert.id);
  if (!held) return [];
  if (held.state !== 'resolved') {
    const resolution = held.rule_version === rule.version ? 'revised' : 'rule_changed';
    return [await endAlert(tx, deps, held, { resolution, at: deps.now })];
  }
  if (held.rule_version !== rule.version || held.fired_at.getTime() <= from) return [];
  if ((await alertEvents(tx, held.id)).some(({ type }) => type === 'revised')) return [];
  await addAlertEvent(tx, held.id, { type: 'revised', at: deps.now });
  return [await updateAlert(tx, held.id, {})];
}

/** Opens an alert for an incident without one, at its first alarm that is news, and tells the rest of its story. */
async function openIncident(
  tx: Tx,
  deps: EngineDeps,
  replayed: Replayed,
  incident: Incident,
  recorded: readonly Alert[],
): Promise<Alert | undefined> {
  const { rule } = replayed;
  const first = incident.happenings.findIndex(
    ({ at, event }) =>
      (event.type === 'fired' || event.type === 'escalated') && at + HOUR_MS > rule.live_from.getTime(),
  );
  const happening = incident.happenings[first];
  if (!happening?.event.figures) return undefined;
  const explained = await explain(tx, deps, replayed, happening);
  const again = recorded.filter(
    ({ signal, fired_at }) => signal === incident.signal && fired_at.getTime() === happening.at + HOUR_MS,
  ).length;
  const alert = await insertAlert(tx, {
    rule_id: rule.id,
    rule_version: rule.version,
    scope_id: rule.scope_id,
    signal: incident.signal,
    dedup_key: dedupKey(rule, incident.signal, happening.at, again),
    severity: explained.severity,
    mode: rule.mode === 'shadow' ? 'shadow' : 'live',
    sample: rule.sample,
    started_at: new Date(happening.event.figures.startedAt),
    fired_at: new Date(happening.at + HOUR_MS),
    evidence: explained.evidence,
    model: deps.model,
    created_at: deps.now,
  });
  if (!alert) return undefined;
  const seq = await addAlertEvent(tx, alert.id, { type: 'fired', ...toEvent(happening, deps) });
  alertsOpened.inc({ signal: alert.signal, severity: alert.severity, mode: alert.sample ? 'sample' : alert.mode });
  const rest = { ...incident, happenings: incident.happenings.slice(first + 1) };
  // It came and went while nobody looked: recorded, and nobody is told.
  if (incident.to !== Number.POSITIVE_INFINITY) return goOn(tx, deps, replayed, rest, alert, true);
  const { joined, children } = await join(tx, deps, { rule, alert }, replayed.scope);
  const told = await announce(tx, deps, { rule, alert: joined }, { type: 'fired', seq, ...explained });
  await mute(tx, children, told);
  return (await goOn(tx, deps, replayed, rest, joined)) ?? joined;
}

/** Adds what is new of an incident to its alert. Undefined when nothing is, or when the alert is resolved already. */
async function goOn(
  tx: Tx,
  deps: EngineDeps,
  replayed: Replayed,
  incident: Incident,
  open: Alert | undefined,
  silent = false,
): Promise<Alert | undefined> {
  if (!open) return undefined;
  let alert = await lockAlert(tx, open.id);
  if (!alert) return undefined;
  const known = await alertEvents(tx, alert.id);
  for (const happening of incident.happenings) {
    if (isKnown(happening, known, replayed)) continue;
    const late = happening.at + HOUR_MS < deps.now.getTime() - NEWS_MS;
    alert = await addHappening(tx, deps, replayed, alert, happening, silent || late);
    if (alert.state === 'resolved') return alert;
  }
  alert = await settleState(tx, alert, incident.signal, replayed.outcomes.at(-1), deps.now);
  return alert.version === open.version ? undefined : alert;
}

/** An end is always news. The rest is, on hours decided for the first time, or if nothing like it is recorded near by. */
function isKnown({ at, event }: Happening, known: readonly AlertEvent[], { rule, decidedUntil }: Replayed): boolean {
  if (event.type === 'resolved' || event.type === 'rebased') return false;
  if (event.type === 'fired' || at + HOUR_MS <= rule.live_from.getTime()) return true;
  const isNew = at + HOUR_MS > decidedUntil;
  // By changed figures an alarm may come earlier, or twice: who was alarmed knows it.
  const like = event.type === 'escalated' && !isNew ? ['fired', 'escalated'] : [event.type];
  const near = isNew ? HOUR_MS : NEWS_MS;
  return known.some(({ type, hour }) => like.includes(type) && hour && Math.abs(hour.getTime() - at) < near);
}

async function addHappening(
  tx: Tx,
  deps: EngineDeps,
  replayed: Replayed,
  alert: Alert,
  happening: Happening,
  silent: boolean,
): Promise<Alert> {
  const { event, at } = happening;
  const after = afterOf(event.figures);
  if (event.type === 'resolved' || event.type === 'rebased') {
    const resolution = event.type === 'rebased' ? 'rebased' : 'recovered';
    const [hour, body] = [new Date(at), bodyOf(event)];
    // However late: whoever was told of the beginning is told of the end, and nobody else.
    return endAlert(tx, deps, alert, { resolution, at: new Date(at + HOUR_MS), hour, body, after });
  }
  const explained = event.type === 'escalated' ? await explain(tx, deps, replayed, happening) : undefined;
  const severity = explained && isWorse(explained.severity, alert.severity) ? explained.severity : alert.severity;
  const changed = await updateAlert(tx, alert.id, { severity });
  const seq = await addAlertEvent(tx, alert.id, { type: event.type, ...toEvent(happening, deps) });
  const subject = { rule: replayed.rule, alert: changed };
  if (!silent && event.type !== 'recovering')
    await announce(tx, deps, subject, { type: event.type, seq, after, ...explained });
  return changed;
}

/** Recovering or firing, as the newest hour has it. */
async function settleState(
  tx: Tx,
  alert: Alert,
  signal: Signal,
  last: HourOutcome | undefined,
  now: Date,
): Promise<Alert> {
  const state = last?.recovering.includes(signal) ? 'recovering' : 'firing';
  if (state === alert.state) return alert;
  return updateAlert(tx, alert.id, { state, recovering_at: state === 'recovering' ? now : null });
}

/** One alert, also for those who receive it: the same whichever worker opens it. `again`: it was taken back so often. */
function dedupKey(rule: AlertRule, signal: Signal, at: number, again: number): string {
  const parts = [rule.id, signal, rule.scope_id, new Date(at).toISOString(), ...(again > 0 ? [again] : [])];
  return createHash('sha256').update(parts.join('|')).digest('hex');
}

function toEvent({ at, event }: Happening, { now }: EngineDeps) {
  return { hour: new Date(at), body: bodyOf(event), at: now };
}

function bodyOf({ figures, term }: WatchEvent): Record<string, unknown> {
  return { ...(figures && { figures }), ...(term && { term }) };
}

/** Figures of the time after the alarm only. */
function afterOf(figures: Figures | null): AlertMessage['after'] {
  if (!figures) return null;
  const { now, low, high, distinctPosts: posts, hours } = figures;
  return { now, low, high, posts, hours };
}

const ORDER: readonly Severity[] = ['info', 'warning', 'critical'];
const isWorse = (a: Severity, b: Severity) => ORDER.indexOf(a) > ORDER.indexOf(b);
