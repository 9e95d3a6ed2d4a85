/** What routes are given, and what several of them do first. */
import type { z } from 'zod';
import type { FilterBody } from '../../shared/contracts/api/common.ts';
import { AppError } from '../../shared/errors.ts';
import type { Queues } from '../../shared/jobs.ts';
import type { Log } from '../../shared/log.ts';
import type { Seal } from '../../shared/seal.ts';
import { type Filters, toFilters } from '../../shared/store/cells.ts';
import type { Db, Queryable } from '../../shared/store/db.ts';
import { unknownSources } from '../../shared/store/ledger.ts';
import { topicIdsOf } from '../../shared/store/topics.ts';
import type { Cursors } from '../cursor.ts';
import type { Events } from '../events.ts';
import { refuse } from '../read.ts';

export interface RouteDeps {
  db: Db;
  log: Log;
  /** The reporting zone. */
  zone: string;
  /** The queue, once it is connected. Without it work waits in Postgres until the sweep finds it. */
  queues: () => Pick<Queues, 'add' | 'addChunks'> | undefined;
  cursors: Cursors;
  /** Cursors of a list other than that of posts. */
  cursorsOf: (list: string) => Cursors;
  /** Opens and closes the secrets of channels. */
  seal: Seal;
  /** Address of the installation, for links in messages; null while it does not know its own. */
  address: string | null;
  events: Events;
}

/** The filters asked for. Throws `invalid` when a topic or source does not exist; `prefix` is '?' or where they are in the body. */
export async function filtersOf(
  db: Queryable,
  given: z.infer<typeof FilterBody>,
  prefix: '?' | '/filters/' | '/scope/',
): Promise<Filters> {
  const filters = toFilters(given, await knownTopics(db, given, prefix));
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

/** Ids of the topics that are named. In a body each unknown one is pointed at, in a query the parameter is. */
async function knownTopics(
  db: Queryable,
  given: Pick<z.infer<typeof FilterBody>, 'topic' | 'topic!'>,
  prefix: '?' | '/filters/' | '/scope/',
): Promise<ReadonlyMap<string, number>> {
  const named = (['topic', 'topic!'] as const).flatMap((name) =>
    (given[name] ?? []).map((code, index) => ({
      code,
      pointer: `${prefix}${name}${prefix === '?' ? '' : `/${index}`}`,
    })),
  );
  const known = await topicIdsOf(
    db,
    named.map(({ code }) => code),
  );
  const unknown = named.filter(({ code }) => !known.has(code));
  refuse(unknown.map(({ code, pointer }) => ({ pointer, detail: `no topic has the code ${code}` })));
  return known;
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
