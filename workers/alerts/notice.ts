/**
 * Tells the readers of one channel that another one of the same rule cannot be reached. Called by workers/alerts/deliver.ts
 * in the transaction that gives a message up.
 */
import { createHash } from 'node:crypto';
import type { AlertMessage } from '../../shared/contracts/alerts.ts';
import { anotherChannel, type StoredChannel } from '../../shared/store/channels.ts';
import type { Tx } from '../../shared/store/db.ts';
import { writeDelivery } from '../../shared/store/deliveries.ts';
import type { Unsent } from '../../shared/store/deliveryWork.ts';

/** Once a day for a pair of channels. A notice that cannot be delivered itself is told nowhere. */
export async function tellAnother(
  tx: Tx,
  { alertId, message }: Unsent,
  channel: StoredChannel,
  reason: string,
  at: Date,
): Promise<void> {
  const other = alertId === null ? undefined : await anotherChannel(tx, alertId, channel.id);
  if (!other) return;
  const id = idOf(`undelivered ${channel.id} ${other.id} ${at.toISOString().slice(0, 10)}`);
  const notice = undeliveredNotice(message, { id, channel: channel.name, reason, at });
  await writeDelivery(tx, {
    id,
    alertId: null,
    seq: null,
    channelId: other.id,
    message: notice,
    notBefore: at,
    held: false,
  });
}

/** A UUID that follows from a text. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** About a message that will not be tried again. It quotes no post. */
function undeliveredNotice(
  message: AlertMessage,
  { id, channel, reason, at }: { id: string; channel: string; reason: string; at: Date },
): AlertMessage {
  const { title } = message;
  return {
    ...message,
    event_id: `undelivered-${id}`,
    dedup_key: `undelivered-${id}`,
    type: 'undelivered',
    at: at.toISOString(),
    severity: 'warning',
    state: 'firing',
    title: {
      fr: `Le canal « ${channel} » ne reçoit plus les alertes`,
      ar: `القناة «${channel}» لا تستقبل التنبيهات`,
      en: `The channel “${channel}” does not get its alerts`,
    },
    sentence: {
      fr: `« ${title.fr} » n’a pas pu y être remis : ${reason}. Le message est gardé et peut être renvoyé.`,
      ar: `لم يتسن إيصال «${title.ar}» إليها: ${reason}. الرسالة محفوظة ويمكن إعادة إرسالها.`,
      en: `“${title.en}” could not be delivered there: ${reason}. The message is kept and can be sent again.`,
    },
    evidence: null,
    after: null,
    excerpts: [],
    also: [],
  };
}
