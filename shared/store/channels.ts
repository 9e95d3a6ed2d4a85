/**
 * The table `channels`. Secrets come and go sealed; shared/channels.ts seals and opens them.
 * Called by shared/channels.ts and workers/alerts/claim.ts and deliver.ts.
 */
import type { ChannelKind, ChannelState } from '../contracts/channels.ts';
import { many, one, type Queryable, run } from './db.ts';

export interface StoredChannel {
  id: number;
  name: string;
  kind: ChannelKind;
  settings: Record<string, unknown>;
  sealed: Buffer | null;
  budget: number;
  state: ChannelState;
  broken_reason: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export type NewChannel = Pick<StoredChannel, 'name' | 'kind' | 'settings' | 'sealed' | 'budget'>;

const COLUMNS = 'id, name, kind, settings, sealed, budget, state, broken_reason, version, created_at, updated_at';
type Row = StoredChannel & Record<string, unknown>;

/** Adds a channel. undefined: the name is taken. */
export async function insertChannel(db: Queryable, channel: NewChannel): Promise<StoredChannel | undefined> {
  return one<Row>(
    db,
    `insert into channels (name, kind, settings, sealed, budget) values ($1, $2, $3, $4, $5)
     on conflict (name) do nothing returning ${COLUMNS}`,
    [channel.name, channel.kind, JSON.stringify(channel.settings), channel.sealed, channel.budget],
  );
}

/** Writes what a person may change; the kind stays. undefined: gone, or no longer of that version. */
export async function updateChannel(
  db: Queryable,
  id: number,
  version: number,
  channel: Omit<NewChannel, 'kind'>,
): Promise<StoredChannel | undefined> {
  return one<Row>(
    db,
    `update channels set name = $3, settings = $4, sealed = $5, budget = $6, version = version + 1, updated_at = now()
     where id = $1 and version = $2 returning ${COLUMNS}`,
    [id, version, channel.name, JSON.stringify(channel.settings), channel.sealed, channel.budget],
  );
}

/** The state, and why it is broken. undefined: there is no such channel. */
export async function setChannelState(
  db: Queryable,
  id: number,
  state: ChannelState,
  reason: string | null = null,
): Promise<StoredChannel | undefined> {
  return one<Row>(
    db,
    `update channels set state = $2, broken_reason = $3, version = version + 1, updated_at = now()
     where id = $1 returning ${COLUMNS}`,
    [id, state, reason],
  );
}

/** A channel by its id. */
export async function findChannel(db: Queryable, id: number): Promise<StoredChannel | undefined> {
  return one<Row>(db, `select ${COLUMNS} from channels where id = $1`, [id]);
}

/** A channel by its name. */
export async function findChannelByName(db: Queryable, name: string): Promise<StoredChannel | undefined> {
  return one<Row>(db, `select ${COLUMNS} from channels where name = $1`, [name]);
}

/** Locked until the transaction ends. Others may still write deliveries for it: their lock is a weaker one. */
export async function lockChannel(tx: Queryable, id: number): Promise<StoredChannel | undefined> {
  return one<Row>(tx, `select ${COLUMNS} from channels where id = $1 for no key update`, [id]);
}

/** All channels by name. */
export async function listChannels(db: Queryable): Promise<StoredChannel[]> {
  return many<Row>(db, `select ${COLUMNS} from channels order by name`);
}

/** Removes a channel with its deliveries. False: there is no such channel. */
export async function deleteChannel(db: Queryable, id: number): Promise<boolean> {
  return (await run(db, 'delete from channels where id = $1', [id])) > 0;
}

/** The first working channel of an alert's rule other than `channelId`, those of its escalation last. */
export async function anotherChannel(
  db: Queryable,
  alertId: number,
  channelId: number,
): Promise<StoredChannel | undefined> {
  return one<Row>(
    db,
    `select ${COLUMNS.replace(/(^|, )/g, '$1c.')} from alerts a
       join alert_rules r on r.id = a.rule_id
       cross join lateral jsonb_array_elements_text(
         coalesce(r.body->'channels', '[]') || coalesce(nullif(r.body->'escalation', 'null')->'channels', '[]')
       ) with ordinality as named (id, place)
       join channels c on c.id = named.id::integer
     where a.id = $1 and c.id <> $2 and c.state = 'active'
     order by named.place limit 1`,
    [alertId, channelId],
  );
}
