/** How the routes of alerts read ids, write instants and turn pages. */
import type { z } from 'zod';
import type { ShownDelivery } from '../../shared/contracts/api/channels.ts';
import type { IdParams } from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import type { ShownDelivery as DeliveryRow } from '../../shared/store/deliveries.ts';
import type { Cursors } from '../cursor.ts';

/** Who may see alerts and rules, and who may change them. */
export const readAlerts = { scope: 'read:aggregates', limit: 'read' } as const;
export const writeAlerts = { scope: 'write:alerts', limit: 'write' } as const;

/** The number in a path; 0, which nothing has, for one that is too large. */
export function toId({ id }: z.infer<typeof IdParams>): number {
  const value = Number(id);
  return value > 2_147_483_647 ? 0 : value;
}

export const iso = (at: Date) => at.toISOString();
export const isoOrNull = (at: Date | null) => at?.toISOString() ?? null;
export const isoOf = (ms: number) => new Date(ms).toISOString();

/** The row, or a 404. */
export function found<T>(row: T | undefined, what: string): T {
  if (row === undefined) throw new AppError('not_found', `There is no such ${what}`);
  return row;
}

/** A page of at most `limit` of `rows`, which are one more when there is a next page. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  cursors: Cursors,
  at: (row: T) => { at: string; id: number },
) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, next_cursor: rows.length > limit && last !== undefined ? cursors.write(at(last)) : null };
}

export function toDelivery(row: DeliveryRow): ShownDelivery {
  const { id, alert_id, seq, channel_id, channel, kind, type, event_id, state, attempts, last_status, last_error } =
    row;
  return {
    ...{ id, seq, type, event_id, state, attempts, last_status, last_error, redacted: row.redacted },
    alert: alert_id,
    channel: { id: channel_id, name: channel, kind },
    next_at: isoOrNull(row.next_at),
    created_at: iso(row.created_at),
    sent_at: isoOrNull(row.sent_at),
  };
}
