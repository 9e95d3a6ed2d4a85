/** /v1/calendar: when Ramadan is, which the moon decides. Rules look again at the days that change. */
import { Calendar, CalendarPeriod, PeriodBody, PeriodDaysBody } from '../../shared/contracts/api/calendar.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import { type AuditEntry, audit } from '../../shared/store/audit.ts';
import { addPeriod, changePeriod, listPeriods, type Period, removePeriod } from '../../shared/store/calendar.ts';
import { inTransaction, type Tx } from '../../shared/store/db.ts';
import { lookAgain } from '../../shared/store/decisions.ts';
import { type Route, route } from '../route.ts';
import { found, readAlerts, toId, writeAlerts } from './alertShapes.ts';
import type { RouteDeps } from './deps.ts';

const DAY_MS = 86_400_000;
const write = { tag: 'calendar', ...writeAlerts, ownTimes: true } as const;

export function calendarRoutes({ db, zone }: RouteDeps): Route[] {
  return [
    route({
      ...readAlerts,
      tag: 'calendar',
      method: 'get',
      path: '/v1/calendar',
      summary: 'Periods with a rhythm of their own, oldest first',
      schemas: { response: Calendar },
      handle: async () => ({ zone, periods: await listPeriods(db) }),
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/calendar',
      summary: 'Add a period',
      answers: 'created',
      schemas: { body: PeriodBody, response: CalendarPeriod },
      handle: ({ body, caller, now }) =>
        inTransaction(db, async (tx) => {
          const made = await addPeriod(tx, body);
          await note(
            tx,
            { actor: caller.name, action: 'created', objectId: made.id, before: null, after: body, at: now },
            [made],
          );
          return made;
        }),
    }),
    route({
      ...write,
      method: 'put',
      path: '/v1/calendar/{id}',
      summary: 'Move a period',
      schemas: { params: IdParams, body: PeriodDaysBody, response: CalendarPeriod },
      handle: ({ params, body, caller, now }) =>
        inTransaction(db, async (tx) => {
          const id = toId(params);
          const before = found(
            (await listPeriods(tx)).find((period) => period.id === id),
            'period',
          );
          const after = found(await changePeriod(tx, id, body), 'period');
          await note(tx, { actor: caller.name, action: 'changed', objectId: id, before, after, at: now }, [
            before,
            after,
          ]);
          return after;
        }),
    }),
    route({
      ...write,
      method: 'delete',
      path: '/v1/calendar/{id}',
      summary: 'Remove a period',
      answers: 'no_content',
      schemas: { params: IdParams },
      handle: ({ params, caller, now }) =>
        inTransaction(db, async (tx) => {
          const id = toId(params);
          const before = found(
            (await listPeriods(tx)).find((period) => period.id === id),
            'period',
          );
          await removePeriod(tx, id);
          await note(tx, { actor: caller.name, action: 'deleted', objectId: id, before, after: null, at: now }, [
            before,
          ]);
          return undefined;
        }),
    }),
  ];
}

/** Writes down who did it. Days are local and hours UTC: a day more on either side is looked at again. */
async function note(tx: Tx, entry: Omit<AuditEntry, 'object'>, touched: readonly Period[]): Promise<void> {
  await audit(tx, { ...entry, object: 'calendar' });
  const from = Math.min(...touched.map((period) => Date.parse(period.from))) - DAY_MS;
  const to = Math.max(...touched.map((period) => Date.parse(period.to))) + 2 * DAY_MS;
  await lookAgain(tx, new Date(from), new Date(to));
}
