/** What routes are given, and what several of them do first. */
import type { z } from 'zod';
import type { FilterBody } from '../../shared/contracts/api/common.ts';
import { AppError } from '../../shared/errors.ts';
import type { Queues } from '../../shared/jobs.ts';
import type { Log } from '../../shared/log.ts';
import type { Filters } from '../../shared/store/cells.ts';
import type { Db, Queryable } from '../../shared/store/db.ts';
import { unknownSources } from '../../shared/store/ledger.ts';
import type { Cursors } from '../cursor.ts';
import type { Events } from '../events.ts';
import { toFilters } from '../range.ts';

export interface RouteDeps {
  db: Db;
  log: Log;
  /** The reporting zone. */
  zone: string;
  /** The queue, once it is connected. Without it work waits in Postgres until the sweep finds it. */
  queues: () => Pick<Queues, 'add' | 'addChunks'> | undefined;
  cursors: Cursors;
  events: Events;
}

/** The filters asked for. Throws `invalid` when a source does not exist; `prefix` is '?' or '/filters/'. */
export async function filtersOf(
  db: Queryable,
  given: z.infer<typeof FilterBody>,
  prefix: '?' | '/filters/',
): Promise<Filters> {
  const filters = toFilters(given);
  for (const [name, ids] of [
    ['source', filters.source.is],
    ['source!', filters.source.not],
  ] as const) {
    const unknown = await unknownSources(db, ids);
    if (unknown.length === 0) continue;
    throw new AppError('invalid', 'Some values are wrong', {
      errors: [{ pointer: `${prefix}${name}`, detail: `no source has the id ${unknown.join(', ')}` }],
    });
  }
  return filters;
}

/** Tells the queue, which may be away: its failure is logged and the sweep makes up for it. */
export async function tellQueue(
  deps: RouteDeps,
  tell: (queues: Pick<Queues, 'add' | 'addChunks'>) => Promise<void>,
): Promise<boolean> {
  const queues = deps.queues();
  if (!queues) return false;
  try {
    await tell(queues);
    return true;
  } catch (err) {
    deps.log.warn({ err }, 'the queue did not take a job');
    return false;
  }
}
