/**
 * What the outbox holds of an alert, for whoever decides on its next message: which channels have been told, what still
 * waits and may be taken back. Sending is workers/alerts/deliver.ts with shared/store/deliveries.ts.
 */
import type { AlertMessage } from '../contracts/alerts.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';
import { cancelDeliveries } from './deliveryWork.ts';

export interface OutboxRow {
  id: string;
  alert_id: number;
  channel_id: number;
  seq: number;
  type: AlertMessage['type'];
  state: 'held' | 'waiting' | 'sent' | 'dead' | 'replaced' | 'cancelled';
  attempts: number;
  not_before: Date;
  created_at: Date;
}

/** Nobody has been shown it, and nobody is about to be. */
export function isUntouched({ state, attempts }: OutboxRow): boolean {
  return (state === 'held' || state === 'waiting') && attempts === 0;
}

/** Its receiver has been told, or will be: by itself, or by what replaced it. */
export function isPending({ state }: OutboxRow): boolean {
  return state !== 'cancelled' && state !== 'dead';
}

/** Deliveries of an alert in the order of its events, locked: a sender that has begun with one is waited for. */
export async function lockOutbox(tx: Tx, alertId: number): Promise<OutboxRow[]> {
  return many<OutboxRow & Record<string, unknown>>(
    tx,
    `select id, alert_id, channel_id, seq, message ->> 'type' as type, state, attempts, not_before, created_at
     from deliveries where alert_id = $1 order by seq, channel_id for update`,
    [alertId],
  );
}

/** Takes back what nobody has been shown. */
export async function takeBack(tx: Tx, ids: readonly string[], reason: string): Promise<void> {
  const untouched = await many<{ id: string }>(
    tx,
    `select id from deliveries where id = any($1) and state in ('held', 'waiting') and attempts = 0 for update`,
    [ids],
  );
  await cancelDeliveries(
    tx,
    untouched.map(({ id }) => id),
    reason,
  );
}

/** Adds an alert that joined to messages that nobody has been shown yet. */
export async function nameAlso(tx: Tx, ids: readonly string[], also: AlertMessage['also'][number]): Promise<void> {
  if (ids.length === 0) return;
  await run(
    tx,
    `update deliveries set message = jsonb_set(message, '{also}', (message -> 'also') || $2::jsonb)
     where id = any($1) and not message -> 'also' @> $2::jsonb`,
    [ids, JSON.stringify([also])],
  );
}

/** Of these channels, those that were told of missing data since `since`, by whichever rule. */
export async function toldOfNoData(db: Queryable, channels: readonly number[], since: Date): Promise<number[]> {
  const rows = await many<{ channel_id: number }>(
    db,
    `select distinct channel_id from deliveries
     where alert_id is null and channel_id = any($1) and message ->> 'type' = 'no_data'
       and (message ->> 'at')::timestamptz >= $2`,
    [channels, since],
  );
  return rows.map((row) => row.channel_id);
}

/** When an alert was first told of, or will be at the end of quiet hours; undefined when it never was. */
export async function firstTold(db: Queryable, alertId: number): Promise<Date | undefined> {
  const row = await one<{ at: Date | null }>(
    db,
    `select min(greatest((message ->> 'at')::timestamptz, sent_at, case when state = 'held' and isfinite(not_before) then not_before end)) as at
     from deliveries where alert_id = $1 and state <> 'cancelled'`,
    [alertId],
  );
  return row?.at ?? undefined;
}
