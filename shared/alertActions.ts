/**
 * What people do with an alert, and how it ends. Each is one transaction: the state, the event, the messages that follow.
 * The routes call the actions with the version they were shown (If-Match); workers/alerts/act.ts and shared/alertRules.ts
 * end alerts through `endAlert`. Try it: tests/integration/alerts-engine.test.ts.
 */
import { announce, type MessageDeps, ruleOf } from './alertMessages.ts';
import type { AlertMessage, EventType, Resolution, Verdict } from './contracts/alerts.ts';
import { AppError } from './errors.ts';
import {
  type Alert,
  type AlertChange,
  addAlertEvent,
  lockActions,
  lockAlert,
  releaseChildren,
  updateAlert,
} from './store/alerts.ts';
import { type Db, inTransaction, type Tx } from './store/db.ts';
import { isUntouched, lockOutbox, takeBack } from './store/outbox.ts';
import { bumpVersion } from './store/version.ts';

export interface ActionDeps extends MessageDeps {
  db: Db;
}

/** Who does it, to which alert, and in which version they saw it (none: whatever it is now). */
export interface Action {
  id: number;
  by: string;
  version?: number;
}

/** Stops repeats and escalation; the alert stays open. Throws not_found, precondition_failed, conflict. */
export function acknowledge(deps: ActionDeps, action: Action & { note?: string }): Promise<Alert> {
  return act(deps, action, { open: true }, ({ acknowledged_at }) => ({
    type: 'acknowledged',
    change: acknowledged_at ? {} : { acknowledged_at: deps.now, acknowledged_by: action.by },
    body: action.note === undefined ? {} : { note: action.note },
  }));
}

/** Takes an acknowledgement back: repeats and escalation go on. */
export function unacknowledge(deps: ActionDeps, action: Action): Promise<Alert> {
  return act(deps, action, { open: true }, () => ({
    type: 'acknowledged',
    change: { acknowledged_at: null, acknowledged_by: null },
    body: { acknowledged: false },
    silent: true,
  }));
}

/** No messages of this alert until then; null ends the pause. */
export async function snooze(deps: ActionDeps, action: Action & { until: Date | null }): Promise<Alert> {
  if (action.until !== null && action.until <= deps.now)
    throw new AppError('invalid', 'The time is over', {
      errors: [{ pointer: '/until', detail: 'expected an instant that is still to come' }],
    });
  return act(deps, action, { open: true }, () => ({
    type: 'snoozed',
    change: { snoozed_until: action.until },
    body: { until: action.until?.toISOString() ?? null },
    silent: true,
    hush: action.until !== null,
  }));
}

/** Writes something down. */
export function addNote(deps: ActionDeps, action: Action & { note: string }): Promise<Alert> {
  return act(deps, action, { open: false }, () => ({
    type: 'note',
    change: {},
    body: { note: action.note },
    silent: true,
  }));
}

/** Says whether the alert was worth it; null takes it back. The rule's precision comes from these. */
export function judge(deps: ActionDeps, action: Action & { verdict: Verdict | null }): Promise<Alert> {
  return act(deps, action, { open: false }, () => ({
    type: 'verdict',
    change: { verdict: action.verdict, verdict_by: action.verdict && action.by },
    body: { verdict: action.verdict },
    silent: true,
  }));
}

/** Ends an alert whatever its figures say. It does not open again for the same event. */
export function closeAlert(deps: ActionDeps, action: Action & { note?: string }): Promise<Alert> {
  return inTransaction(deps.db, async (tx) => {
    const alert = await take(tx, action, { open: true });
    const body = action.note === undefined ? {} : { note: action.note };
    const closed = await endAlert(tx, deps, alert, { resolution: 'closed', at: deps.now, by: action.by, body });
    await tellReaders(tx, [closed]);
    return closed;
  });
}

export interface End {
  resolution: Resolution;
  /** When it ended: the end of the hour that showed it, or now. */
  at: Date;
  hour?: Date;
  by?: string;
  body?: Record<string, unknown>;
  after?: AlertMessage['after'];
}

const END_EVENT: Partial<Record<Resolution, EventType>> = { rebased: 'rebased', revised: 'revised' };

/** Resolves an open alert; what it spoke for speaks for itself again. The caller holds `lockActions` and the alert's row. */
export async function endAlert(tx: Tx, deps: MessageDeps, alert: Alert, end: End): Promise<Alert> {
  const { resolution, at, hour, by, body, after } = end;
  const type = END_EVENT[resolution] ?? 'resolved';
  const ended = await updateAlert(tx, alert.id, { state: 'resolved', resolved_at: at, resolution });
  const event = { type, hour: hour ?? null, by: by ?? null, body: { resolution, ...body }, at: deps.now };
  const seq = await addAlertEvent(tx, alert.id, event);
  await announce(tx, deps, { rule: await ruleOf(tx, ended), alert: ended }, { type, seq, after: after ?? null });
  await releaseChildren(tx, alert.id);
  return ended;
}

/** Tells open pages that alerts changed. The last act of a transaction: see `bumpVersion`. */
export async function tellReaders(tx: Tx, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  const newest = new Map(alerts.map((alert) => [alert.id, alert]));
  const payload = { alerts: [...newest.values()].map(({ id, rule_id, state }) => ({ id, rule: rule_id, state })) };
  await bumpVersion(tx, { event: 'alert', payload });
}

interface Move {
  type: EventType;
  change: AlertChange;
  body: Record<string, unknown>;
  silent?: boolean;
  /** Also what was written before and still waits, for the morning or for company, is not told. */
  hush?: boolean;
}

async function act(
  deps: ActionDeps,
  action: Action,
  needs: { open: boolean },
  move: (alert: Alert) => Move,
): Promise<Alert> {
  return inTransaction(deps.db, async (tx) => {
    const alert = await take(tx, action, needs);
    const { type, change, body, silent, hush } = move(alert);
    const changed = await updateAlert(tx, alert.id, change);
    const seq = await addAlertEvent(tx, alert.id, { type, body, by: action.by, at: deps.now });
    if (hush) await takeBack(tx, (await lockOutbox(tx, alert.id)).filter(isUntouched).map(idOf), 'snoozed');
    if (!silent) await announce(tx, deps, { rule: await ruleOf(tx, changed), alert: changed }, { type, seq });
    await tellReaders(tx, [changed]);
    return changed;
  });
}

const idOf = ({ id }: { id: string }) => id;

/** The alert, locked, as the person saw it. */
async function take(tx: Tx, { id, version }: Action, { open }: { open: boolean }): Promise<Alert> {
  await lockActions(tx);
  const alert = await lockAlert(tx, id);
  if (!alert) throw new AppError('not_found', `There is no alert ${id}`);
  if (version !== undefined && alert.version !== version)
    throw new AppError('precondition_failed', 'The alert has changed since it was read');
  if (open && alert.state === 'resolved') throw new AppError('conflict', 'The alert is resolved');
  return alert;
}
