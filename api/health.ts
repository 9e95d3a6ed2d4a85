/** /healthz (the process lives), /readyz (it can do its work), /metrics (for this machine, or with an admin key). */
import type { Express } from 'express';
import { registry } from '../shared/metrics.ts';
import { type Db, one } from '../shared/store/db.ts';
import { authenticate, requireScope } from './auth.ts';

const PING_MS = 1_000;

export interface HealthDeps {
  db: Db;
  host: string;
  /** False once the process is asked to stop. */
  isOpen: () => boolean;
  /** Whether the queue is connected: told, never a reason not to be ready, since work waits in Postgres. */
  hasQueue: () => boolean;
}

export function mountHealth(app: Express, deps: HealthDeps): void {
  app.get(
    '/healthz',
    (_request, response) => void response.setHeader('Cache-Control', 'no-store').json({ status: 'pass' }),
  );
  app.get('/readyz', async (_request, response) => {
    const database = deps.isOpen() ? await ping(deps.db) : 'not asked';
    const ready = deps.isOpen() && database === 'ok';
    const checks = { open: deps.isOpen(), database, queue: deps.hasQueue() ? 'connected' : 'not connected' };
    response.status(ready ? 200 : 503).setHeader('Cache-Control', 'no-store');
    response.type('application/health+json').send(JSON.stringify({ status: ready ? 'pass' : 'fail', checks }));
  });
  app.get('/metrics', authenticate(deps), async (_request, response) => {
    requireScope(response.locals.caller, 'admin');
    response
      .setHeader('Cache-Control', 'no-store')
      .type(registry.contentType)
      .send(await registry.metrics());
  });
}

async function ping(db: Db): Promise<'ok' | 'not migrated' | 'no answer'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'no answer'>((resolve) => {
    timer = setTimeout(resolve, PING_MS, 'no answer');
  });
  const asked = one<{ ready: boolean }>(db, `select to_regclass('posts') is not null as ready`)
    .then((row) => (row?.ready ? ('ok' as const) : ('not migrated' as const)))
    .catch(() => 'no answer' as const);
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
