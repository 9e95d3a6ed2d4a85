/** /v1/alerts: what was raised. What people do about it is in alertActions.ts. */
import { Alert, AlertPage, type AlertSummary, AlertsQuery } from '../../shared/contracts/api/alerts.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import { ruleNames } from '../../shared/store/alertRules.ts';
import {
  type AlertQuery,
  type Alert as AlertRow,
  alertEvents,
  findAlert,
  listAlerts,
  openAlerts,
} from '../../shared/store/alerts.ts';
import { listDeliveries } from '../../shared/store/deliveries.ts';
import { silenceOf } from '../../shared/store/silences.ts';
import { mayDo } from '../auth.ts';
import type { TableRow } from '../formats.ts';
import { tagWith } from '../ifMatch.ts';
import { type Input, type Route, route } from '../route.ts';
import { found, pageOf, readAlerts, toDelivery, toId } from './alertShapes.ts';
import { ALERT_COLUMNS, hideIds, toEvent, toRow, toSummary } from './alertViews.ts';
import type { RouteDeps } from './deps.ts';

/** Most rows of a CSV or NDJSON answer, and how many are read at a time. */
const MOST_ROWS = 10_000;
const EXPORT_PAGE = 200;
/** Most deliveries that one alert shows. */
const MOST_DELIVERIES = 200;

const read = { tag: 'alerts', ...readAlerts } as const;

export function alertRoutes(deps: RouteDeps): Route[] {
  const { db } = deps;
  const cursors = deps.cursorsOf('alerts');
  return [
    route({
      ...read,
      method: 'get',
      path: '/v1/alerts',
      summary: 'Alerts, newest first',
      ownTimes: true,
      schemas: { query: AlertsQuery, response: AlertPage },
      handle: async ({ query }) => {
        const last = query.cursor === undefined ? undefined : cursors.read(query.cursor);
        const before = last && { before: { firedAt: new Date(last.at), id: last.id } };
        const rows = await listAlerts(db, { ...toQuery(query), ...before, limit: query.limit + 1 });
        const { page, next_cursor } = pageOf(rows, query.limit, cursors, (row) => ({
          at: row.fired_at.toISOString(),
          id: row.id,
        }));
        return { next_cursor, alerts: await summaries(deps, page) };
      },
      table: {
        name: 'alerts',
        read: async ({ query }) => ({ columns: ALERT_COLUMNS, rows: allAlerts(deps, toQuery(query)) }),
      },
    }),
    route({
      ...read,
      method: 'get',
      path: '/v1/alerts/{id}',
      summary: 'One alert with its evidence, what happened to it and who was told; its version is the ETag',
      schemas: { params: IdParams, response: Alert },
      handle: async (input) => {
        const row = found(await findAlert(db, toId(input.params)), 'alert');
        tagWith(input, row);
        return describe(deps, row, input);
      },
    }),
  ];
}

function toQuery(query: AlertsQuery): Omit<AlertQuery, 'limit'> {
  const { state, rule, signal, severity, mode, sample, from, to } = query;
  return {
    ...(state ? { states: state } : {}),
    ...(rule === undefined ? {} : { ruleId: rule }),
    ...(signal ? { signals: signal } : {}),
    ...(severity ? { severities: severity } : {}),
    ...(mode ? { mode } : {}),
    ...(sample === undefined ? {} : { sample }),
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(to === undefined ? {} : { to: new Date(to) }),
  };
}

async function summaries({ db, zone }: RouteDeps, rows: readonly AlertRow[]): Promise<AlertSummary[]> {
  const names = await ruleNames(db, [...new Set(rows.map((row) => row.rule_id))]);
  return rows.map((row) => toSummary(row, names.get(row.rule_id), zone));
}

async function* allAlerts(deps: RouteDeps, query: Omit<AlertQuery, 'limit'>): AsyncGenerator<TableRow> {
  let before: AlertQuery['before'];
  for (let given = 0; given < MOST_ROWS; given += EXPORT_PAGE) {
    const rows = await listAlerts(deps.db, { ...query, ...(before ? { before } : {}), limit: EXPORT_PAGE });
    yield* (await summaries(deps, rows)).map(toRow);
    const last = rows.at(-1);
    if (!last || rows.length < EXPORT_PAGE) return;
    before = { firedAt: last.fired_at, id: last.id };
  }
}

type Asked = Pick<Input<unknown, unknown, unknown>, 'caller' | 'now'>;

/** An alert as one caller may see it. */
export async function describe(deps: RouteDeps, row: AlertRow, { caller, now }: Asked): Promise<Alert> {
  const { db } = deps;
  const [summary] = await summaries(deps, [row]);
  if (!summary) throw new Error('one row made no summary');
  const events = (await alertEvents(db, row.id)).map(toEvent);
  const speaksFor = row.state === 'resolved' ? [] : await openAlerts(db, row.id);
  const alert: Alert = {
    ...summary,
    dedup_key: row.dedup_key,
    evidence: row.evidence,
    events,
    deliveries: (await listDeliveries(db, { alertId: row.id, limit: MOST_DELIVERIES })).map(toDelivery),
    speaks_for: speaksFor.map(({ id }) => id),
    silenced_by: (await silenceOf(db, row, now))?.id ?? null,
  };
  return mayDo(caller, 'read:posts') ? alert : hideIds(alert);
}
