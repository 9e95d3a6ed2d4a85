/**
 * The outbox: one row for each event and channel, written in the transaction of what happened. workers/alerts/act.ts
 * writes rows, the scheduler asks what is due, the API and `sada channels` show dead letters and replay them;
 * deliveryWork.ts is how rows are worked off.
 */
import { randomUUID } from 'node:crypto';
import type { AlertMessage } from '../contracts/alerts.ts';
import type { ChannelKind, DeliveryState } from '../contracts/channels.ts';
import { many, one, type Queryable, run } from './db.ts';

export interface NewDelivery {
  alertId: number | null;
  seq: number | null;
  channelId: number;
  message: AlertMessage;
  notBefore: Date;
  /** Held ones that come due together go out as one message. */
  held: boolean;
  /** Given where a second one must not be written; random otherwise. */
  id?: string;
}

/** As SQL, of a row `d`. */
export const UNSENT = `d.state in ('waiting', 'held')`;
/** Attempts that certainly did not get through. */
export const SURE = `coalesce((d.receipt->'underway'->>'sure')::integer, 0)`;
/** A later one may take its place: held and never tried, or tried in vain for certain, and telling of no other alert. */
export const OPEN = `((d.state = 'held' and d.attempts = 0) or (d.attempts > 0 and d.attempts = ${SURE})) and
  (d.attempts = 0 or jsonb_array_length(d.message->'also') = 0)`;

/** Writes a delivery; returns its id. One that is there already for (alert, seq, channel) stays as it is. */
export async function writeDelivery(tx: Queryable, row: NewDelivery): Promise<string> {
  const made = await one<{ id: string }>(
    tx,
    `insert into deliveries (id, alert_id, seq, channel_id, state, message, event_id, not_before)
     values ($1, $2, $3, $4, $5::delivery_state, $6, $7, $8) on conflict do nothing returning id`,
    [
      row.id ?? randomUUID(),
      row.alertId,
      row.seq,
      row.channelId,
      row.held ? 'held' : 'waiting',
      toJson(row.message),
      row.message.event_id,
      row.notBefore,
    ],
  );
  if (made) return made.id;
  const there = await one<{ id: string }>(
    tx,
    'select id from deliveries where id = $1 or (alert_id = $2 and seq = $3 and channel_id = $4)',
    [row.id ?? null, row.alertId, row.seq, row.channelId],
  );
  if (!there) throw new Error('the delivery was not stored');
  return there.id;
}

/** JSON that Postgres takes: without half characters and NUL. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'string' ? part.toWellFormed().replaceAll('\0', '') : part,
  );
}

/** Ids of deliveries whose time has come, oldest first. Of those that must keep their order only the first. */
export async function dueDeliveries(db: Queryable, limit: number, now: Date = new Date()): Promise<string[]> {
  const rows = await many<{ id: string }>(
    db,
    `select due.id from deliveries due
     where due.state in ('waiting', 'held') and due.not_before <= $1 and not exists (
       select 1 from deliveries d where d.alert_id = due.alert_id and d.channel_id = due.channel_id and d.seq < due.seq
         and ${UNSENT} and not (${OPEN}))
     order by due.not_before, due.seq, due.id limit $2`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** What was held for its channel's sake is due. */
export async function releaseHeld(tx: Queryable, channelId: number, now: Date): Promise<void> {
  await run(
    tx,
    `update deliveries set not_before = $2 where channel_id = $1 and state = 'held' and not_before = 'infinity'`,
    [channelId, now],
  );
}

export interface ShownDelivery {
  id: string;
  alert_id: number | null;
  seq: number | null;
  channel_id: number;
  channel: string;
  kind: ChannelKind;
  type: string;
  event_id: string;
  state: DeliveryState;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  /** When it is tried next; null when it is not, or nobody knows when. */
  next_at: Date | null;
  created_at: Date;
  sent_at: Date | null;
  /** Emptied of what it said, so it cannot be replayed. */
  redacted: boolean;
}

const SHOWN = `select d.id, d.alert_id, d.seq, d.channel_id, c.name as channel, c.kind, d.message->>'type' as type, d.event_id,
    d.state, d.attempts, d.last_status, d.last_error,
    case when ${UNSENT} and isfinite(d.not_before) then d.not_before end as next_at, d.created_at, d.sent_at,
    coalesce((d.receipt->>'redacted')::boolean, false) as redacted
  from deliveries d join channels c on c.id = d.channel_id`;
type ShownRow = ShownDelivery & Record<string, unknown>;

export interface DeliveryQuery {
  channelId?: number;
  alertId?: number;
  state?: DeliveryState;
  /** Id of the last one seen, of an earlier page. */
  before?: string;
  limit: number;
}

/** Deliveries without their texts, newest first. */
export async function listDeliveries(
  db: Queryable,
  { channelId, alertId, state, before, limit }: DeliveryQuery,
): Promise<ShownDelivery[]> {
  return many<ShownRow>(
    db,
    `${SHOWN} where ($1::integer is null or d.channel_id = $1) and ($2::integer is null or d.alert_id = $2)
       and ($3::delivery_state is null or d.state = $3)
       and ($5::uuid is null or (d.created_at, coalesce(d.seq, -1), d.id) <
         (select b.created_at, coalesce(b.seq, -1), b.id from deliveries b where b.id = $5))
     order by d.created_at desc, coalesce(d.seq, -1) desc, d.id desc limit $4`,
    [channelId ?? null, alertId ?? null, state ?? null, limit, before ?? null],
  );
}

/** A delivery without its text. */
export async function findDelivery(db: Queryable, id: string): Promise<ShownDelivery | undefined> {
  return one<ShownRow>(db, `${SHOWN} where d.id = $1`, [id]);
}

/** Which dead letters: one, or all of a channel. */
export type DeadLetters = { id: string } | { channelId: number };
const chosen = (which: DeadLetters): [string | null, number | null] =>
  'id' in which ? [which.id, null] : [null, which.channelId];

/** Gives dead letters their whole schedule again; redacted ones stay. Returns the ids. */
export async function replayDeliveries(db: Queryable, which: DeadLetters, now: Date): Promise<string[]> {
  const rows = await many<{ id: string }>(
    db,
    `update deliveries set state = 'waiting', not_before = $3,
       receipt = jsonb_set(receipt, '{underway}', receipt->'underway' || '{"failed": 0, "paced": 0}')
     where state = 'dead' and receipt ? 'underway' and (id = $1 or channel_id = $2) returning id`,
    [...chosen(which), now],
  );
  return rows.map(({ id }) => id);
}

const REDACTED = `message = jsonb_set(message, '{excerpts}', '[]'), receipt = '{"redacted": true}'`;

/** Takes the texts of posts out of dead letters, for good. Returns how many. */
export async function redactDeliveries(db: Queryable, which: DeadLetters): Promise<number> {
  return run(
    db,
    `update deliveries set ${REDACTED} where state = 'dead' and receipt ? 'underway' and (id = $1 or channel_id = $2)`,
    chosen(which),
  );
}

/** For the hourly housekeeping: dead letters are redacted after 30 days, tests and notices forgotten after 90. */
export async function pruneDeliveries(db: Queryable, now: Date): Promise<void> {
  await run(
    db,
    `update deliveries set ${REDACTED} where state = 'dead' and receipt ? 'underway' and not_before < $1::timestamptz - interval '30 days'`,
    [now],
  );
  await run(
    db,
    `delete from deliveries where alert_id is null and state not in ('waiting', 'held') and created_at < $1::timestamptz - interval '90 days'`,
    [now],
  );
}
