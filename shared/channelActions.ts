/**
 * What people do with channels, each in one transaction with the account of who did it and with what follows for rules: a
 * channel's budget is shared by those that deliver to it. Called by api/routes/channels.ts and `sada channels`.
 * Try it: tests/integration/api-alerts-channels.test.ts.
 */
import { shareBudgets } from './alertRules.ts';
import { addChannel, type ChannelChange, changeChannel, type Made, rotateSecret, show, writeTest } from './channels.ts';
import type { ChannelBody, ShownChannel } from './contracts/channels.ts';
import { AppError } from './errors.ts';
import type { Seal } from './seal.ts';
import { lockRules } from './store/alertRules.ts';
import { audit } from './store/audit.ts';
import { deleteChannel, lockChannel, type StoredChannel, setChannelState } from './store/channels.ts';
import { type Db, inTransaction, type Tx } from './store/db.ts';
import { findDelivery, releaseHeld, replayDeliveries } from './store/deliveries.ts';

export interface ChannelActionDeps {
  db: Db;
  seal: Seal;
  now: Date;
  /** Who does it. */
  by: string;
}

/** Which channel, in which version they saw it (none: whatever it is now). */
export interface ChannelAction {
  id: number;
  version: number | undefined;
}

/** Adds a channel. Throws as `addChannel` does. */
export function createChannel({ db, seal, now, by }: ChannelActionDeps, body: ChannelBody): Promise<Made> {
  return inTransaction(db, async (tx) => {
    const made = await addChannel({ db: tx, seal }, body);
    await note(tx, { by, now }, 'created', made.channel.id, null, made.channel);
    return made;
  });
}

/** Changes a channel, pauses it or lets it send again. Throws not_found, precondition_failed, invalid, conflict. */
export function editChannel(
  deps: ChannelActionDeps,
  action: ChannelAction,
  { state, ...change }: ChannelChange & { state?: 'active' | 'paused' },
): Promise<ShownChannel> {
  const { db, seal, now } = deps;
  return inTransaction(db, async (tx) => {
    await lockRules(tx); // before the channel, as everywhere
    const before = await take(tx, action);
    const isChanged = Object.values(change).some((value) => value !== undefined);
    if (isChanged) await changeChannel({ db: tx, seal }, before.id, before.version, change);
    if (state !== undefined && state !== before.state) {
      await setChannelState(tx, before.id, state);
      if (state === 'active') await releaseHeld(tx, before.id, now);
    }
    const after = show(seal, await take(tx, { id: before.id, version: undefined }));
    if (after.version === before.version) return after;
    await note(tx, deps, 'changed', after.id, show(seal, before), {
      ...after,
      secrets_changed: Object.keys(change.secrets ?? {}),
    });
    if (after.budget !== before.budget) await shareBudgets(tx, { now }, [after.id]);
    return after;
  });
}

/** Gives a webhook a new signing secret, shown once; for a day both sign. Throws not_found, precondition_failed. */
export function rotateChannel({ db, seal, now, by }: ChannelActionDeps, action: ChannelAction): Promise<Made> {
  return inTransaction(db, async (tx) => {
    const before = await take(tx, action);
    const made = await rotateSecret({ db: tx, seal }, before.id, now);
    const after = { ...show(seal, await take(tx, { id: before.id, version: undefined })), secrets_changed: ['secret'] };
    await note(tx, { by, now }, 'changed', before.id, show(seal, before), after);
    return made;
  });
}

/** Removes a channel with its deliveries; rules that name it stay. Throws not_found, precondition_failed. */
export function dropChannel(deps: ChannelActionDeps, action: ChannelAction): Promise<void> {
  const { db, seal, now } = deps;
  return inTransaction(db, async (tx) => {
    await lockRules(tx);
    const before = await take(tx, action);
    await deleteChannel(tx, before.id);
    await note(tx, deps, 'deleted', before.id, show(seal, before), null);
    await shareBudgets(tx, { now }, [before.id]);
  });
}

/** Writes a message that says it is a test; returns the delivery's id for the job `deliver`. Throws not_found. */
export function tryChannel(deps: ChannelActionDeps, id: number, address: string | null): Promise<string> {
  return inTransaction(deps.db, async (tx) => {
    const delivery = await writeTest(tx, id, deps.now, address);
    await note(tx, deps, 'tested', id, null, { delivery });
    return delivery;
  });
}

/** Gives a dead letter its whole schedule again. Throws not_found, and conflict when it is none or is emptied. */
export function replayDelivery({ db, now, by }: Omit<ChannelActionDeps, 'seal'>, id: string): Promise<void> {
  return inTransaction(db, async (tx) => {
    const delivery = await findDelivery(tx, id);
    if (!delivery) throw new AppError('not_found', 'There is no such delivery');
    if ((await replayDeliveries(tx, { id }, now)).length === 0)
      throw new AppError(
        'conflict',
        delivery.redacted
          ? 'Its texts are gone, so it cannot be sent again'
          : `It is ${delivery.state}, and no dead letter`,
      );
    const { channel, alert_id, last_error } = delivery;
    const before = { channel, alert: alert_id, last_error };
    await audit(tx, { actor: by, action: 'replayed', object: 'delivery', objectId: id, before, after: null, at: now });
  });
}

async function take(tx: Tx, { id, version }: ChannelAction): Promise<StoredChannel> {
  const channel = await lockChannel(tx, id);
  if (!channel) throw new AppError('not_found', `There is no channel ${id}`);
  if (version !== undefined && channel.version !== version)
    throw new AppError('precondition_failed', 'The channel has changed since it was read');
  return channel;
}

async function note(
  tx: Tx,
  { by, now }: Pick<ChannelActionDeps, 'by' | 'now'>,
  action: 'created' | 'changed' | 'deleted' | 'tested',
  objectId: number,
  before: unknown,
  after: unknown,
): Promise<void> {
  await audit(tx, { actor: by, action, object: 'channel', objectId, before, after, at: now });
}
