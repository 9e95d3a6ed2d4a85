/**
 * Who changed what: rules, channels, silences, the calendar. Written in the transaction of the change; shared/alertRules.ts and the
 * routes call it. Never holds a secret: what is handed in is what the API would show.
 */
import { many, type Queryable, run } from './db.ts';

export interface AuditEntry {
  /** A person's or key's name; `budget` for what follows from another rule's change. */
  actor: string;
  action: 'created' | 'changed' | 'deleted' | 'ended' | 'tested' | 'replayed';
  object: 'rule' | 'channel' | 'silence' | 'calendar' | 'delivery';
  objectId: number | string;
  before: unknown;
  after: unknown;
  at: Date;
}

export interface AuditRow {
  id: number;
  at: Date;
  actor: string;
  action: AuditEntry['action'];
  object: AuditEntry['object'];
  object_id: string;
  before: unknown;
  after: unknown;
}

/** Adds an entry. */
export async function audit(tx: Queryable, entry: AuditEntry): Promise<void> {
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
  await run(
    tx,
    'insert into audit_log (at, actor, action, object, object_id, before, after) values ($1, $2, $3, $4, $5, $6, $7)',
    [entry.at, entry.actor, entry.action, entry.object, entry.objectId, json(entry.before), json(entry.after)],
  );
}

/** Entries, newest first; of one object, or of all. `before` is the id of the last one seen. */
export async function readAudit(
  db: Queryable,
  {
    object,
    objectId,
    before,
    limit,
  }: { object?: AuditEntry['object']; objectId?: number | string; before?: number; limit: number },
): Promise<AuditRow[]> {
  return many<AuditRow & Record<string, unknown>>(
    db,
    `select id, at, actor, action, object, object_id, before, after from audit_log
     where ($1::text is null or object = $1) and ($2::text is null or object_id = $2) and ($3::bigint is null or id < $3)
     order by id desc limit $4`,
    [object ?? null, objectId?.toString() ?? null, before ?? null, limit],
  );
}
