/** GET /v1/audit: who changed rules, channels, silences and the calendar. What was done to an alert is in its events. */
import { AuditPage, AuditQuery } from '../../shared/contracts/api/calendar.ts';
import { readAudit } from '../../shared/store/audit.ts';
import { type Route, route } from '../route.ts';
import { iso, pageOf } from './alertShapes.ts';
import type { RouteDeps } from './deps.ts';

export function auditRoutes({ db, cursorsOf }: RouteDeps): Route[] {
  const cursors = cursorsOf('audit');
  return [
    route({
      method: 'get',
      path: '/v1/audit',
      summary: 'Who changed what, newest first',
      tag: 'audit',
      scope: 'admin',
      limit: 'read',
      schemas: { query: AuditQuery, response: AuditPage },
      handle: async ({ query }) => {
        const rows = await readAudit(db, {
          ...(query.object ? { object: query.object } : {}),
          ...(query.object_id === undefined ? {} : { objectId: query.object_id }),
          ...(query.cursor === undefined ? {} : { before: cursors.read(query.cursor).id }),
          limit: query.limit + 1,
        });
        const { page, next_cursor } = pageOf(rows, query.limit, cursors, ({ id }) => ({ at: '-', id }));
        return { next_cursor, entries: page.map((row) => ({ ...row, at: iso(row.at) })) };
      },
    }),
  ];
}
