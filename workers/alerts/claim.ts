/**
 * Decides what goes out next, in one short transaction: takes a delivery, puts those together that go as one, freezes what is
 * sent, and leases the row until the attempt must be over. Claims of one channel wait for each other, so order holds and
 * two workers never begin the same attempt. Called by workers/alerts/deliver.ts.
 */
import { AlertMessage } from '../../shared/contracts/alerts.ts';
import { CHANNEL_KINDS, type ChannelKind, type ChannelSettings } from '../../shared/contracts/channels.ts';
import { lockChannel, type StoredChannel } from '../../shared/store/channels.ts';
import { type Db, inTransaction, type Tx } from '../../shared/store/db.ts';
import {
  beginAttempt,
  cancelDeliveries,
  channelOf,
  heldAlerts,
  historyOf,
  holdDelivery,
  postpone,
  replaceDeliveries,
  takeDelivery,
  type Underway,
  type Unsent,
  unsentOf,
} from '../../shared/store/deliveryWork.ts';
import { CHANNELS } from './channels/all.ts';
import type { Channel, Receipt } from './channels/channel.ts';
import { digest, isNews, settle } from './settle.ts';

/** Longer than an attempt may take: after that the worker is dead, and another one tries. */
const LEASE_MS = 45_000;
/** How long a message waits for one that is on its way and tells of the same alert. */
const BEHIND_MS = 5_000;
/** Attempts that nobody lived to see the end of: more, and it is the message that kills. */
const MOST_ATTEMPTS = 500;

export type Claim =
  | {
      kind: 'send';
      row: Unsent;
      channel: StoredChannel;
      message: AlertMessage;
      attempt: number;
      underway: Underway & { body: string };
    }
  /** Not worth an attempt. */
  | { kind: 'dead'; row: Unsent; channel: StoredChannel; says: string }
  /** Not now, or nothing to do: another worker has it, it waits for an earlier one, it was put into another one. */
  | { kind: 'nothing' };

const NOTHING: Claim = { kind: 'nothing' };

export interface ClaimDeps {
  db: Db;
  /** Address of the installation. */
  address: string | null;
}

/** Claims a due delivery, or the one that goes in its place. */
export async function claim(deps: ClaimDeps, id: string, now: Date): Promise<Claim> {
  return inTransaction(deps.db, async (tx) => {
    const channelId = await channelOf(tx, id);
    const channel = channelId === undefined ? undefined : await lockChannel(tx, channelId);
    const row = channel && (await takeDelivery(tx, id, now));
    if (!row) return NOTHING;
    const isTest = row.message.type === 'test';
    if (channel.state === 'broken' && !isTest)
      return { kind: 'dead', row, channel, says: `the channel is broken: ${channel.broken_reason ?? ''}` };
    if (channel.state === 'paused' && !isTest) {
      await holdDelivery(tx, id);
      return NOTHING;
    }
    const chosen = await choose(tx, row, channel, now);
    return chosen ? begin(deps, tx, { ...chosen, channel }, now) : NOTHING;
  });
}

interface Chosen {
  row: Unsent;
  message: AlertMessage;
  first: Receipt | null;
}

async function choose(tx: Tx, row: Unsent, channel: StoredChannel, now: Date): Promise<Chosen | undefined> {
  if (row.alertId === null) return { row, message: row.message, first: null };
  const own = await chooseOf(tx, row.alertId, channel, now);
  if (own?.waitUntil) {
    await postpone(tx, row.id, new Date(Math.max(own.waitUntil.getTime(), now.getTime()) + BEHIND_MS));
    return undefined;
  }
  if (!own?.send) return undefined;
  const mayShare = CHANNELS[channel.kind].digests && own.send.row.wasHeld && isNews(own.send.message.type);
  return mayShare ? together(tx, { ...own.send, first: own.first }, channel, now) : { ...own.send, first: own.first };
}

/** What goes of one alert. What it takes the place of is written down at once. */
async function chooseOf(tx: Tx, alertId: number, channel: StoredChannel, now: Date) {
  const { told, waitUntil, first } = await historyOf(tx, alertId, channel.id);
  if (waitUntil) return { waitUntil, first };
  const { send, replaced, cancelled } = settle(await unsentOf(tx, alertId, channel.id, now), told);
  await cancelDeliveries(
    tx,
    cancelled,
    'its receiver has heard nothing of the alert, so there is nothing to end or to add',
  );
  if (send) await replaceDeliveries(tx, replaced, channel.id, send.row.id);
  return { send, waitUntil, first };
}

/** Messages to one channel that were held until now go as one. */
async function together(tx: Tx, own: Chosen, channel: StoredChannel, now: Date): Promise<Chosen> {
  const parts = [own];
  for (const alertId of await heldAlerts(tx, channel.id, own.row.alertId ?? 0, now)) {
    const { send, first } = await chooseOf(tx, alertId, channel, now);
    if (send?.row.wasHeld && isNews(send.message.type)) parts.push({ ...send, first });
  }
  const { carrier, others } = digest(parts);
  await replaceDeliveries(tx, others, channel.id, carrier.row.id);
  return { ...carrier, first: parts.find(({ row }) => row.id === carrier.row.id)?.first ?? null };
}

async function begin(
  { address }: ClaimDeps,
  tx: Tx,
  { row, message, first, channel }: Chosen & { channel: StoredChannel },
  now: Date,
): Promise<Claim> {
  if (row.attempts >= MOST_ATTEMPTS)
    return { kind: 'dead', row, channel, says: `no attempt of ${row.attempts} came to an end` };
  const parsed = AlertMessage.safeParse(message);
  const body = row.underway.body ?? (parsed.success ? await render(channel, parsed.data, first, address) : null);
  if (body === null) return { kind: 'dead', row, channel, says: 'the message could not be written' };
  if (body === undefined) {
    await cancelDeliveries(tx, [row.id], `${channel.kind} has nothing for “${message.type}”`);
    return NOTHING;
  }
  const underway = { ...row.underway, body };
  const leaseUntil = new Date(now.getTime() + LEASE_MS);
  const attempt = await beginAttempt(tx, row.id, { message, underway, leaseUntil });
  return { kind: 'send', row, channel, message, attempt, underway };
}

/** null: it cannot be written, whatever is tried. undefined: there is nothing to write. */
async function render<K extends ChannelKind>(
  channel: StoredChannel & { kind: K },
  message: AlertMessage,
  first: Receipt | null,
  address: string | null,
): Promise<string | undefined | null> {
  const settings = CHANNEL_KINDS[channel.kind].settings.safeParse(channel.settings);
  if (!settings.success) return null;
  const kind: Channel<K> = CHANNELS[channel.kind];
  try {
    const input = { message, settings: settings.data as ChannelSettings<K>, channelId: channel.id, first, address };
    return await kind.render(input);
  } catch {
    return null;
  }
}
