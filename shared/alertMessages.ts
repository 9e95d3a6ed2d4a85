/**
 * Who is told of an event of an alert, and when. Every event that may become a message passes `announce`, in the
 * transaction that wrote the event: it honours shadow rules, silences, snoozing, grouping and quiet hours, and writes one
 * row of the outbox a channel. Called by workers/alerts/act.ts and tend.ts, shared/alertActions.ts and shared/alertRules.ts;
 * the caller holds `lockActions`.
 */
import { type AlertHead, composeMessage } from './alerts/message.ts';
import { clockOf, offsetsOf, quietUntil } from './alerts/quiet.ts';
import type { AlertMessage, EventType, Evidence, Excerpt } from './contracts/alerts.ts';
import { type AlertRule, channelLoads, findRuleEver } from './store/alertRules.ts';
import { type Alert, findAlert, openAlerts } from './store/alerts.ts';
import type { Tx } from './store/db.ts';
import { writeDelivery } from './store/deliveries.ts';
import { historyOf } from './store/deliveryWork.ts';
import { isPending, isUntouched, lockOutbox, type OutboxRow, takeBack } from './store/outbox.ts';
import { silenceOf } from './store/silences.ts';

/** Several signals of one event arrive within this time, and then as one message. */
export const GROUP_WAIT_MS = 120_000;
/** These go where the alert has been told of, or will be. */
const LATER: ReadonlySet<EventType> = new Set([
  'follow_up',
  'joined',
  'acknowledged',
  'resolved',
  'rebased',
  'revised',
]);
/** These end the alert: what still waits of it is taken back. */
const LAST: ReadonlySet<EventType> = new Set(['resolved', 'rebased', 'revised']);

export interface MessageDeps {
  /** The reporting zone: that of quiet hours which name none. */
  zone: string;
  /** Address of the installation, for links; null while it does not know its own. */
  address: string | null;
  now: Date;
}

/** An alert and the rule that raised it. */
export interface Subject {
  rule: AlertRule;
  alert: Alert;
}

export interface Announcement {
  type: EventType;
  seq: number;
  /** That of the alert by default. */
  evidence?: Evidence;
  after?: AlertMessage['after'];
  excerpts?: Excerpt[];
}

/** Writes the deliveries of an event. Returns the channels that will be told; none is an answer too. */
export async function announce(
  tx: Tx,
  deps: MessageDeps,
  subject: Subject,
  { type, seq, evidence, after, excerpts }: Announcement,
): Promise<number[]> {
  const { rule, alert } = subject;
  const outbox = await lockOutbox(tx, alert.id);
  const channels = await recipients(tx, deps, subject, type, outbox);
  if (LAST.has(type)) {
    const waiting = outbox.filter(isUntouched).map(({ id }) => id);
    await takeBack(tx, waiting, 'the alert ended before it was told');
  }
  if (channels.length === 0) return [];
  const why = evidence ?? alert.evidence;
  const message = composeMessage({
    alert: headOf(rule, alert),
    type,
    seq,
    evidence: why,
    after: after ?? null,
    excerpts: excerpts ?? [],
    also: await spokenFor(tx, alert),
    address: deps.address,
    at: deps.now,
    offsetMinutes: offsetsOf(rule.body.zone ?? deps.zone)(Date.parse(why.started_at)),
  });
  const until = alert.severity === 'critical' ? undefined : heldUntil(rule, deps);
  const notBefore = until ?? new Date(deps.now.getTime() + (type === 'fired' ? GROUP_WAIT_MS : 0));
  for (const channelId of channels)
    await writeDelivery(tx, { alertId: alert.id, seq, channelId, message, notBefore, held: until !== undefined });
  return channels;
}

/** The channels that would be told of an event now. */
export async function recipients(
  tx: Tx,
  deps: MessageDeps,
  { rule, alert }: Subject,
  type: EventType,
  outbox: readonly OutboxRow[],
): Promise<number[]> {
  if (alert.mode !== 'live' || alert.sample || (await isHidden(tx, alert, deps.now))) return [];
  const begun = LATER.has(type) ? await begunOn(tx, alert, type, outbox) : [];
  const wanted =
    type === 'unacknowledged' ? (rule.body.escalation?.channels ?? []) : LATER.has(type) ? begun : rule.body.channels;
  const there = (await channelLoads(tx, wanted)).filter(({ kind }) => type !== 'acknowledged' || kind === 'pagerduty');
  const spoken = alert.parent_id === null ? [] : await channelsOf(tx, deps, alert.parent_id);
  // Its own thread is closed where it has one, whoever else speaks.
  return there.map(({ id }) => id).filter((id) => !spoken.includes(id) || LAST.has(type));
}

/**
 * Channels on which the alert has a beginning. An end, or a newcomer, needs one that was told or is about to be; the rest
 * may wait behind one that is still to go out.
 */
async function begunOn(tx: Tx, alert: Alert, type: EventType, outbox: readonly OutboxRow[]): Promise<number[]> {
  const channels = [...new Set(outbox.filter(isPending).map((row) => row.channel_id))];
  if (!LAST.has(type) && type !== 'joined') return channels;
  const begun: number[] = [];
  for (const channel of channels) {
    const { told, waitUntil } = await historyOf(tx, alert.id, channel);
    const underway = outbox.some((row) => row.channel_id === channel && row.state === 'waiting' && row.attempts > 0);
    if (told || waitUntil !== null || underway) begun.push(channel);
  }
  return begun;
}

/** The channels through which an alert speaks for its children: none while it is hidden itself. */
async function channelsOf(tx: Tx, deps: MessageDeps, id: number): Promise<number[]> {
  const alert = await findAlert(tx, id);
  if (!alert || alert.state === 'resolved' || (await isHidden(tx, alert, deps.now))) return [];
  return [...new Set((await lockOutbox(tx, id)).filter(isPending).map((row) => row.channel_id))];
}

/** Snoozed, or under a silence. */
export async function isHidden(tx: Tx, alert: Alert, now: Date): Promise<boolean> {
  if (alert.snoozed_until !== null && alert.snoozed_until > now) return true;
  return (await silenceOf(tx, alert, now)) !== undefined;
}

/** The end of the rule's quiet hours, if it has them now. */
export function heldUntil({ body }: AlertRule, { zone, now }: MessageDeps): Date | undefined {
  const until = quietUntil(body.quiet_hours, clockOf(body.zone ?? zone), now.getTime());
  return until === undefined ? undefined : new Date(until);
}

async function spokenFor(tx: Tx, alert: Alert): Promise<AlertMessage['also']> {
  const children = await openAlerts(tx, alert.id);
  return children.map((child) => ({ alert_id: child.id, rule: child.rule_name, signal: child.signal }));
}

/** What a message says of the alert and of its rule. */
function headOf(rule: AlertRule, alert: Alert): AlertHead {
  const { name, owner, runbook_url, labels } = rule.body;
  return {
    id: alert.id,
    dedupKey: alert.dedup_key,
    state: alert.state,
    severity: alert.severity,
    signal: alert.signal,
    resolution: alert.resolution,
    rule: { id: rule.id, name, version: alert.rule_version, owner, runbook_url, labels },
  };
}

/** The rule of an alert, also a deleted one. Throws when it is not there, which its alerts prevent. */
export async function ruleOf(tx: Tx, alert: Alert): Promise<AlertRule> {
  const rule = await findRuleEver(tx, alert.rule_id);
  if (!rule) throw new Error(`alert ${alert.id} has no rule`);
  return rule;
}
