/**
 * What time alone brings about: an alert that nobody acknowledged goes to the next contact, one that goes on is repeated
 * once a day, one that was hidden is told of when its silence ends. workers/alerts/watch.ts calls it every minute; each
 * alert is a transaction of its own, under the lock of all actions.
 */

import { tellReaders } from '../../shared/alertActions.ts';
import { announce, isHidden, recipients } from '../../shared/alertMessages.ts';
import type { EventType } from '../../shared/contracts/alerts.ts';
import { type AlertRule, findRule } from '../../shared/store/alertRules.ts';
import {
  type Alert,
  type AlertChange,
  addAlertEvent,
  lockActions,
  lockAlert,
  openAlerts,
  updateAlert,
} from '../../shared/store/alerts.ts';
import { inTransaction, type Tx } from '../../shared/store/db.ts';
import { lastOutcome } from '../../shared/store/decisions.ts';
import { firstTold, isUntouched, lockOutbox, takeBack } from '../../shared/store/outbox.ts';
import type { EngineDeps } from './engine.ts';

const MINUTE_MS = 60_000;
const REPEAT_MS = 24 * 60 * MINUTE_MS;

/** Looks after every open alert that is live. Returns how many messages that led to. */
export async function tendAlerts(deps: EngineDeps): Promise<number> {
  let told = 0;
  for (const { id, mode, sample, acknowledged_at } of await openAlerts(deps.db)) {
    if (mode !== 'live' || sample || acknowledged_at !== null) continue;
    told += await inTransaction(deps.db, (tx) => tend(tx, deps, id));
  }
  return told;
}

async function tend(tx: Tx, deps: EngineDeps, id: number): Promise<number> {
  await lockActions(tx);
  const alert = await lockAlert(tx, id);
  if (!alert) return 0;
  const rule = await findRule(tx, alert.rule_id);
  if (rule?.mode !== 'live' || alert.state === 'resolved' || alert.acknowledged_at !== null) return 0;
  if (await isHidden(tx, alert, deps.now)) {
    // A silence that came after the message was written: nobody has been shown it yet.
    const waiting = (await lockOutbox(tx, alert.id)).filter(isUntouched).map((row) => row.id);
    await takeBack(tx, waiting, 'silenced');
    return 0;
  }
  const told = await firstTold(tx, alert.id);
  if (isRepeatDue(alert, told, deps.now) && (await isOutside(tx, rule, alert)))
    return tell(tx, deps, rule, alert, 'repeated', { last_repeat_at: deps.now });
  if (isEscalationDue(rule, alert, told, deps.now))
    return tell(tx, deps, rule, alert, 'unacknowledged', { escalated_at: deps.now });
  return 0;
}

/** A day after it was told of; at once when it never was, since that was hidden until now. */
function isRepeatDue({ state, last_repeat_at }: Alert, told: Date | undefined, now: Date): boolean {
  const since = last_repeat_at ?? told;
  return state === 'firing' && (since === undefined || now.getTime() - since.getTime() >= REPEAT_MS);
}

async function isOutside(tx: Tx, rule: AlertRule, { signal }: Alert): Promise<boolean> {
  const last = await lastOutcome(tx, rule);
  return last?.outside === true && last.open.includes(signal);
}

/** Counted from when it was told of: nobody acknowledges what waits for the morning. */
function isEscalationDue({ body }: AlertRule, alert: Alert, told: Date | undefined, now: Date): boolean {
  if (!body.escalation || alert.escalated_at !== null || alert.parent_id !== null) return false;
  const since = told ?? alert.created_at;
  return now.getTime() - since.getTime() >= body.escalation.after_minutes * MINUTE_MS;
}

async function tell(
  tx: Tx,
  deps: EngineDeps,
  rule: AlertRule,
  alert: Alert,
  type: EventType,
  change: AlertChange,
): Promise<number> {
  const outbox = await lockOutbox(tx, alert.id);
  if ((await recipients(tx, deps, { rule, alert }, type, outbox)).length === 0) return 0;
  const changed = await updateAlert(tx, alert.id, change);
  const seq = await addAlertEvent(tx, alert.id, { type, at: deps.now });
  const channels = await announce(tx, deps, { rule, alert: changed }, { type, seq });
  await tellReaders(tx, [changed]);
  return channels.length;
}
