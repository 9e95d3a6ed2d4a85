/**
 * A process that fills one scope and ends, for tests that kill it: arguments are the database's url, the scope's id and
 * the present. tests/integration/alerts-scopes.test.ts starts it.
 */
import { createLog } from '../../shared/log.ts';
import { openDb } from '../../shared/store/db.ts';
import { fillScope } from '../../workers/alerts/scopes.ts';

const [url = '', id = '', now = ''] = process.argv.slice(2);
const db = openDb(url);
await fillScope(
  { db, log: createLog('test', 'silent'), now: () => new Date(now) },
  Number(id),
  new AbortController().signal,
);
await db.end();
