/**
 * Working the outbox off: taking a delivery, what its receiver knows already, and how an attempt ended. A row is claimed
 * with a lease, sent outside of any transaction, then marked; whoever dies in between leaves a row that comes due again.
 * `receipt` holds `underway` until the row is sent, then what a channel needs to answer in the same thread.
 * Called by workers/alerts/claim.ts and deliver.ts; rows are written by deliveries.ts.
 */
import type { AlertMessage, Signal } from '../contracts/alerts.ts';
import { many, one, type Queryable, run } from './db.ts';
import { OPEN, SURE, toJson, UNSENT } from './deliveries.ts';

/** What a sent message left at the receiver: ids by which the next one answers to it. */
export type Receipt = Record<string, string | number>;

/** Where a delivery stands that is not sent yet. */
export interface Underway {
  /** What is sent, the same at every attempt. */
  body: string | null;
  /** Attempts that ended in a failure of the receiver; they use up the schedule. */
  failed: number;
  /** Attempts to which the receiver answered that it wants to be left alone for a while. */
  paced: number;
  /** Attempts that certainly did not get through; as many as attempts: nobody has seen the message. */
  sure: number;
}

/** An unsent delivery. */
export interface Unsent {
  id: string;
  alertId: number | null;
  seq: number | null;
  channelId: number;
  wasHeld: boolean;
  isDue: boolean;
  /** Nobody has seen it and it speaks for no other alert, so a later one may take its place. */
  isOpen: boolean;
  attempts: number;
  message: AlertMessage;
  eventId: string;
  underway: Underway;
  /** Of its alert; null for a message of no alert. */
  signal: Signal | null;
}

const COLUMNS = `d.id, d.alert_id as "alertId", d.seq, d.channel_id as "channelId", d.state = 'held' as "wasHeld",
  d.not_before <= $1 as "isDue", (${OPEN}) as "isOpen", d.attempts, d.message, d.event_id as "eventId",
  jsonb_build_object('body', null, 'failed', 0, 'paced', 0, 'sure', 0) || coalesce(d.receipt->'underway', '{}') as underway,
  (select a.signal from alerts a where a.id = d.alert_id) as signal`;
type UnsentRow = Unsent & Record<string, unknown>;

/** The channel of a delivery. */
export async function channelOf(db: Queryable, id: string): Promise<number | undefined> {
  return (await one<{ channel_id: number }>(db, 'select channel_id from deliveries where id = $1', [id]))?.channel_id;
}

/** Takes a due delivery for this transaction. undefined: sent, not due, gone, or in another's hands. */
export async function takeDelivery(tx: Queryable, id: string, now: Date): Promise<Unsent | undefined> {
  return one<UnsentRow>(
    tx,
    `select ${COLUMNS} from deliveries d where d.id = $2 and ${UNSENT} and d.not_before <= $1 for update of d skip locked`,
    [now, id],
  );
}

/** All unsent deliveries of an alert to a channel, in order. */
export async function unsentOf(tx: Queryable, alertId: number, channelId: number, now: Date): Promise<Unsent[]> {
  return many<UnsentRow>(
    tx,
    `select ${COLUMNS} from deliveries d where d.alert_id = $2 and d.channel_id = $3 and ${UNSENT} order by d.seq`,
    [now, alertId, channelId],
  );
}

/** Other alerts with messages to this channel that were held until now, never tried. */
export async function heldAlerts(tx: Queryable, channelId: number, alertId: number, now: Date): Promise<number[]> {
  const rows = await many<{ alert_id: number }>(
    tx,
    `select distinct alert_id from deliveries where channel_id = $1 and alert_id <> $2 and state = 'held'
       and attempts = 0 and not_before <= $3 order by alert_id`,
    [channelId, alertId, now],
  );
  return rows.map((row) => row.alert_id);
}

export interface History {
  /** The receiver has, or may have, heard of the alert already. */
  told: boolean;
  /** Another message that tells of the alert is still on its way; until then. */
  waitUntil: Date | null;
  /** What the first message of the alert left there. */
  first: Receipt | null;
}

/** What a channel's receiver knows of an alert. */
export async function historyOf(tx: Queryable, alertId: number, channelId: number): Promise<History> {
  const row = await one<History & Record<string, unknown>>(
    tx,
    `select coalesce(bool_or(heard.state = 'sent' or (heard.state in ('waiting', 'dead') and heard.attempts > heard.sure)), false) as told,
       max(heard.not_before) filter (where heard.state in ('waiting', 'held') and heard.carried) as "waitUntil",
       (array_agg(heard.receipt order by heard.seq) filter (where heard.state = 'sent' and not heard.carried))[1] as first
     from deliveries e
     cross join lateral (
       select d.state, d.attempts, d.not_before, d.receipt, e.seq, ${SURE} as sure, d.id <> e.id and d.alert_id <> e.alert_id as carried
       from deliveries d where d.id = case e.state when 'replaced' then (e.receipt->>'in')::uuid else e.id end
     ) heard
     where e.alert_id = $1 and e.channel_id = $2`,
    [alertId, channelId],
  );
  return row ?? { told: false, waitUntil: null, first: null };
}

/** Another delivery speaks for these from now on, and for those they spoke for. */
export async function replaceDeliveries(
  tx: Queryable,
  ids: readonly string[],
  channelId: number,
  by: string,
): Promise<void> {
  if (ids.length === 0) return;
  await run(
    tx,
    `update deliveries set receipt = jsonb_build_object('in', $3::text)
     where channel_id = $2 and state = 'replaced' and receipt->>'in' = any($1::text[])`,
    [ids, channelId, by],
  );
  await run(
    tx,
    `update deliveries set state = 'replaced', receipt = jsonb_build_object('in', $2::text),
       message = jsonb_set(message, '{excerpts}', '[]') where id = any($1::uuid[])`,
    [ids, by],
  );
}

/** Never to be sent. */
export async function cancelDeliveries(tx: Queryable, ids: readonly string[], reason: string): Promise<void> {
  if (ids.length === 0) return;
  await run(
    tx,
    `update deliveries set state = 'cancelled', last_error = $2, receipt = null,
       message = jsonb_set(message, '{excerpts}', '[]') where id = any($1::uuid[])`,
    [ids, reason],
  );
}

/** Begins an attempt: counted, frozen, and nobody else's until `leaseUntil`. Returns the number of the attempt. */
export async function beginAttempt(
  tx: Queryable,
  id: string,
  { message, underway, leaseUntil }: { message: AlertMessage; underway: Underway; leaseUntil: Date },
): Promise<number> {
  const row = await one<{ attempts: number }>(
    tx,
    `update deliveries set state = 'waiting', attempts = attempts + 1, not_before = $2, message = $3,
       receipt = jsonb_build_object('underway', $4::jsonb) where id = $1 returning attempts`,
    [id, leaseUntil, toJson(message), toJson(underway)],
  );
  if (!row) throw new Error('the delivery is gone');
  return row.attempts;
}

/** It arrived. Texts of posts are not kept. */
export async function markSent(
  db: Queryable,
  id: string,
  { at, status, receipt }: { at: Date; status: number | null; receipt: Receipt },
): Promise<void> {
  await run(
    db,
    `update deliveries set state = 'sent', sent_at = $2, last_status = $3, last_error = null, receipt = $4,
       message = jsonb_set(message, '{excerpts}', '[]') where id = $1 and ${UNSENT.replaceAll('d.', '')}`,
    [id, at, status, toJson(receipt)],
  );
}

export interface Failure {
  /** Of the attempt that failed: another worker's later one is left alone. */
  attempt: number;
  status: number | null;
  error: string;
  underway: Underway;
}

/** It did not arrive; tried again at `notBefore`. */
export async function markFailed(db: Queryable, id: string, failure: Failure & { notBefore: Date }): Promise<void> {
  await run(
    db,
    `update deliveries set not_before = $3, last_status = $4, last_error = $5,
       receipt = jsonb_build_object('underway', $6::jsonb) where id = $1 and attempts = $2 and state = 'waiting'`,
    [id, failure.attempt, failure.notBefore, failure.status, failure.error, toJson(failure.underway)],
  );
}

/** It will not be tried again, unless it is a dead letter and replayed. False: another attempt has begun meanwhile. */
export async function markOver(
  db: Queryable,
  id: string,
  failure: Failure & { at: Date; state: 'dead' | 'cancelled' },
): Promise<boolean> {
  const changed = await run(
    db,
    `update deliveries set state = $7::delivery_state, not_before = $3, last_status = $4, last_error = $5,
       receipt = jsonb_build_object('underway', $6::jsonb) where id = $1 and attempts = $2 and ${UNSENT.replaceAll('d.', '')}`,
    [id, failure.attempt, failure.at, failure.status, failure.error, toJson(failure.underway), failure.state],
  );
  return changed > 0;
}

/** Puts a delivery off, uncounted. */
export async function postpone(tx: Queryable, id: string, until: Date): Promise<void> {
  await run(tx, 'update deliveries set not_before = $2 where id = $1', [id, until]);
}

/** Holds a delivery until its channel sends again. */
export async function holdDelivery(tx: Queryable, id: string): Promise<void> {
  await run(tx, `update deliveries set state = 'held', not_before = 'infinity' where id = $1`, [id]);
}

/** The receiver asked for rest: nothing goes to this channel before `until`. */
export async function quietChannel(db: Queryable, channelId: number, until: Date): Promise<void> {
  await run(
    db,
    `update deliveries set not_before = $2 where channel_id = $1 and state = 'waiting' and not_before < $2`,
    [channelId, until],
  );
}

/** The next due delivery of the same alert and channel. */
export async function nextOf(db: Queryable, id: string, now: Date): Promise<string | undefined> {
  const row = await one<{ id: string }>(
    db,
    `select d.id from deliveries d join deliveries before on before.alert_id = d.alert_id and before.channel_id = d.channel_id
     where before.id = $1 and d.id <> $1 and ${UNSENT} and d.not_before <= $2 order by d.seq limit 1`,
    [id, now],
  );
  return row?.id;
}
