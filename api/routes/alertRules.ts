/** /v1/alert-rules: what is watched. Changes name the version that they are of; previews and back-tests change nothing. */

import { previewRule } from '../../shared/alertPreview.ts';
import { changeRule, createRule, deleteRule, type RuleDeps } from '../../shared/alertRules.ts';
import type { RuleBody } from '../../shared/contracts/alerts.ts';
import {
  AlertRule,
  AlertRuleList,
  BacktestQuery,
  PreviewAnswerOfRule,
  PreviewQuery,
  RuleBodyIn,
  RuleSeries,
  RuleSeriesQuery,
  RuleVersions,
} from '../../shared/contracts/api/alertRules.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import { AppError } from '../../shared/errors.ts';
import { readRule, readRules } from '../../shared/ruleStates.ts';
import {
  channelLoads,
  findRule,
  findRuleEver,
  type AlertRule as RuleRow,
  ruleVersions,
} from '../../shared/store/alertRules.ts';
import type { TimeRange } from '../../shared/store/buckets.ts';
import { readOutcomes } from '../../shared/store/decisions.ts';
import { zoneExists } from '../../shared/store/zones.ts';
import { tagWith, versionOf } from '../ifMatch.ts';
import { refuse } from '../read.ts';
import { type Route, route } from '../route.ts';
import { SERIES_COLUMNS, toHour, toPreview, toRule, toVersion } from './alertRuleShapes.ts';
import { found, readAlerts, toId, writeAlerts } from './alertShapes.ts';
import { filtersOf, type RouteDeps, tellQueue } from './deps.ts';

export function alertRuleRoutes(deps: RouteDeps): Route[] {
  return [...readRoutes(deps), previewRoute(deps), ...changeRoutes(deps), ...historyRoutes(deps)];
}

const read = { tag: 'alert rules', ...readAlerts } as const;
const write = { tag: 'alert rules', ...writeAlerts } as const;

function readRoutes({ db }: RouteDeps): Route[] {
  return [
    route({
      ...read,
      method: 'get',
      path: '/v1/alert-rules',
      summary: 'Rules, oldest first, each with what it is doing',
      schemas: { response: AlertRuleList },
      handle: async () => ({ rules: (await readRules(db)).map(toRule) }),
    }),
    route({
      ...read,
      method: 'get',
      path: '/v1/alert-rules/{id}',
      summary: 'One rule; its version is the ETag',
      schemas: { params: IdParams, response: AlertRule },
      handle: async (input) => {
        const rule = toRule(found(await readRule(db, toId(input.params)), 'rule'));
        tagWith(input, rule);
        return rule;
      },
    }),
  ];
}

function changeRoutes(deps: RouteDeps): Route[] {
  return [
    route({
      ...write,
      method: 'post',
      path: '/v1/alert-rules',
      summary: 'Add a rule; it learns first',
      answers: 'created',
      schemas: { body: RuleBodyIn, response: AlertRule },
      handle: async ({ body, caller, now, setHeader }) => {
        await filtersOf(deps.db, body.scope, '/scope/');
        const { id } = await createRule(ruleDeps(deps, now), body, caller.name);
        const rule = await shown(deps, id);
        setHeader('Location', `/v1/alert-rules/${id}`);
        tagWith({ setHeader }, rule);
        return rule;
      },
    }),
    route({
      ...write,
      method: 'put',
      path: '/v1/alert-rules/{id}',
      summary: 'Replace a rule (If-Match); what is left out gets its default',
      conditional: true,
      schemas: { params: IdParams, body: RuleBodyIn, response: AlertRule },
      handle: async (input) => {
        const { body, caller, now, params } = input;
        const version = versionOf(input);
        await filtersOf(deps.db, body.scope, '/scope/');
        const { id } = await changeRule(ruleDeps(deps, now), action(toId(params), caller.name, version), body);
        const rule = await shown(deps, id);
        tagWith(input, rule);
        return rule;
      },
    }),
    route({
      ...write,
      method: 'delete',
      path: '/v1/alert-rules/{id}',
      summary: 'Delete a rule (If-Match): its open alerts end, its history stays',
      conditional: true,
      answers: 'no_content',
      schemas: { params: IdParams },
      handle: async (input) => {
        const version = versionOf(input);
        await deleteRule(ruleDeps(deps, input.now), action(toId(input.params), input.caller.name, version));
        return undefined;
      },
    }),
  ];
}

/** The rule as it is now, with its scope asked to be counted if it is new. */
async function shown(deps: RouteDeps, id: number): Promise<AlertRule> {
  const state = found(await readRule(deps.db, id), 'rule');
  if (state.scope?.state === 'filling') await fill(deps, state.rule.scope_id);
  return toRule(state);
}

/** The sweep asks for the scopes of rules by itself, so that a queue that is away delays it only. */
function fill(deps: RouteDeps, scopeId: number): Promise<boolean> {
  return tellQueue(deps, (queues) => queues.add('fill_scope', { scope_id: scopeId }, `fill-${scopeId}`));
}

function previewRoute(deps: RouteDeps): Route {
  return route({
    ...write,
    method: 'post',
    path: '/v1/alert-rules/preview',
    summary: 'What a rule would have done and what its choices mean; nothing is kept but the hours of its scope',
    limit: 'query',
    schemas: { query: PreviewQuery, body: RuleBodyIn, response: PreviewAnswerOfRule },
    handle: async ({ query, body, now }) => {
      await filtersOf(deps.db, body.scope, '/scope/');
      await checkReferences(deps, body);
      const preview = await previewRule({ ...deps, now }, body, { days: query.days, ruleId: query.rule });
      if (preview.whyNone === 'filling' && !(await fill(deps, preview.scope.id)))
        throw new AppError('unavailable', 'The queue cannot be reached, so its hours are not counted', {
          retryAfterMs: 5_000,
        });
      return toPreview(preview);
    },
  });
}

/** What a rule would be refused for, so that nobody finds out only when it is kept. */
async function checkReferences({ db }: RouteDeps, body: RuleBody): Promise<void> {
  const escalation = body.escalation?.channels ?? [];
  const there = new Set((await channelLoads(db, [...body.channels, ...escalation])).map(({ id }) => id));
  const missing = (ids: readonly number[], pointer: string) =>
    ids.flatMap((id, i) =>
      there.has(id) ? [] : [{ pointer: `${pointer}/${i}`, detail: `there is no channel ${id}` }],
    );
  refuse([
    ...missing(body.channels, '/channels'),
    ...missing(escalation, '/escalation/channels'),
    ...(body.zone === undefined || (await zoneExists(db, body.zone))
      ? []
      : [{ pointer: '/zone', detail: 'there is no such time zone' }]),
  ]);
}

function historyRoutes(deps: RouteDeps): Route[] {
  const { db } = deps;
  return [
    route({
      ...read,
      method: 'get',
      path: '/v1/alert-rules/{id}/backtest',
      summary: 'What a rule would have done on the hours of its scope, and what its choices mean',
      limit: 'query',
      schemas: { params: IdParams, query: BacktestQuery, response: PreviewAnswerOfRule },
      handle: async ({ params, query, now }) => {
        const rule = await ruleOf(deps, toId(params));
        const preview = await previewRule({ ...deps, now }, rule.body, { days: query.days, ruleId: rule.id });
        return toPreview(preview);
      },
    }),
    route({
      ...read,
      method: 'get',
      path: '/v1/alert-rules/{id}/series',
      summary: 'What a rule saw hour by hour: value, usual range, evidence, events',
      limit: 'query',
      schemas: { params: IdParams, query: RuleSeriesQuery, response: RuleSeries },
      handle: async ({ params, range }) => {
        const rule = await ruleOf(deps, toId(params));
        const { from, to } = range;
        const about = { rule: rule.id, version: rule.version, metric: rule.metric };
        return { ...about, from: from.toISOString(), to: to.toISOString(), hours: await hoursOf(deps, rule, range) };
      },
      table: {
        name: 'alert-rule',
        read: async ({ params, range }) => ({
          columns: SERIES_COLUMNS,
          rows: await hoursOf(deps, await ruleOf(deps, toId(params)), range),
        }),
      },
    }),
    route({
      ...read,
      method: 'get',
      path: '/v1/alert-rules/{id}/versions',
      summary: 'Who changed a rule, newest first; of deleted rules too',
      schemas: { params: IdParams, response: RuleVersions },
      handle: async ({ params }) => {
        const rule = found(await findRuleEver(db, toId(params)), 'rule');
        return { rule: rule.id, versions: (await ruleVersions(db, rule.id)).map(toVersion) };
      },
    }),
  ];
}

async function ruleOf({ db }: RouteDeps, id: number): Promise<RuleRow> {
  return found(await findRule(db, id), 'rule');
}

async function hoursOf({ db }: RouteDeps, rule: RuleRow, { from, to }: TimeRange) {
  return (await readOutcomes(db, rule, from, to)).map(toHour);
}

function ruleDeps({ db, zone, address }: RouteDeps, now: Date): RuleDeps {
  return { db, zone, address, now };
}

function action(id: number, by: string, version: number | undefined) {
  return { id, by, ...(version === undefined ? {} : { version }) };
}
