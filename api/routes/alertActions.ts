/** What people do with an alert, as sub-resources of it. Each names the version that was seen, and answers the alert as it is then. */
import type { z } from 'zod';
import {
  type Action,
  type ActionDeps,
  acknowledge,
  addNote,
  closeAlert,
  judge,
  snooze,
  unacknowledge,
} from '../../shared/alertActions.ts';
import { Alert, NoteBody, OptionalNoteBody, SnoozeBody, VerdictBody } from '../../shared/contracts/api/alerts.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import type { Alert as AlertRow } from '../../shared/store/alerts.ts';
import { tagWith, versionOf } from '../ifMatch.ts';
import { type Input, type Route, route } from '../route.ts';
import { toId, writeAlerts } from './alertShapes.ts';
import { describe } from './alerts.ts';
import type { RouteDeps } from './deps.ts';

const write = { tag: 'alerts', ...writeAlerts } as const;

export function alertActionRoutes(deps: RouteDeps): Route[] {
  return [...acknowledgeRoutes(deps), ...snoozeRoutes(deps), ...judgeRoutes(deps), ...noteRoutes(deps)];
}

type Does<B> = (deps: ActionDeps, action: Action, body: B) => Promise<AlertRow>;

/** An action's handler: the alert in the version of If-Match, done in the caller's name, answered as it is then. */
function doing<B>(deps: RouteDeps, does: Does<B>) {
  return async (input: Input<z.output<typeof IdParams>, undefined, B>): Promise<Alert> => {
    const { db, zone, address } = deps;
    const version = versionOf(input);
    const action: Action = {
      id: toId(input.params),
      by: input.caller.name,
      ...(version === undefined ? {} : { version }),
    };
    const row = await does({ db, zone, address, now: input.now }, action, input.body);
    tagWith(input, row);
    return describe(deps, row, input);
  };
}

function acknowledgeRoutes(deps: RouteDeps): Route[] {
  const path = '/v1/alerts/{id}/acknowledgement';
  return [
    route({
      ...write,
      method: 'put',
      path,
      summary: 'Acknowledge (If-Match): repeats and escalation stop',
      conditional: true,
      schemas: { params: IdParams, body: OptionalNoteBody, response: Alert },
      handle: doing(deps, (actionDeps, action, { note }) =>
        acknowledge(actionDeps, { ...action, ...(note === undefined ? {} : { note }) }),
      ),
    }),
    route({
      ...write,
      method: 'delete',
      path,
      summary: 'Take an acknowledgement back (If-Match)',
      conditional: true,
      schemas: { params: IdParams, response: Alert },
      handle: doing(deps, unacknowledge),
    }),
  ];
}

function snoozeRoutes(deps: RouteDeps): Route[] {
  const path = '/v1/alerts/{id}/snooze';
  return [
    route({
      ...write,
      method: 'put',
      path,
      summary: 'No messages of this alert until then (If-Match)',
      conditional: true,
      schemas: { params: IdParams, body: SnoozeBody, response: Alert },
      handle: doing(deps, (actionDeps, action, { until }) => snooze(actionDeps, { ...action, until: new Date(until) })),
    }),
    route({
      ...write,
      method: 'delete',
      path,
      summary: 'End the pause (If-Match)',
      conditional: true,
      schemas: { params: IdParams, response: Alert },
      handle: doing(deps, (actionDeps, action) => snooze(actionDeps, { ...action, until: null })),
    }),
  ];
}

function judgeRoutes(deps: RouteDeps): Route[] {
  const path = '/v1/alerts/{id}/verdict';
  return [
    route({
      ...write,
      method: 'put',
      path,
      summary: 'Say whether the alert was useful or noise (If-Match)',
      conditional: true,
      schemas: { params: IdParams, body: VerdictBody, response: Alert },
      handle: doing(deps, (actionDeps, action, { verdict }) => judge(actionDeps, { ...action, verdict })),
    }),
    route({
      ...write,
      method: 'delete',
      path,
      summary: 'Take the verdict back (If-Match)',
      conditional: true,
      schemas: { params: IdParams, response: Alert },
      handle: doing(deps, (actionDeps, action) => judge(actionDeps, { ...action, verdict: null })),
    }),
  ];
}

function noteRoutes(deps: RouteDeps): Route[] {
  return [
    route({
      ...write,
      method: 'post',
      path: '/v1/alerts/{id}/notes',
      summary: 'Write something down (If-Match)',
      conditional: true,
      schemas: { params: IdParams, body: NoteBody, response: Alert },
      handle: doing(deps, (actionDeps, action, { note }) => addNote(actionDeps, { ...action, note })),
    }),
    route({
      ...write,
      method: 'post',
      path: '/v1/alerts/{id}/close',
      summary: 'End an alert whatever its figures say (If-Match)',
      conditional: true,
      schemas: { params: IdParams, body: OptionalNoteBody, response: Alert },
      handle: doing(deps, (actionDeps, action, { note }) =>
        closeAlert(actionDeps, { ...action, ...(note === undefined ? {} : { note }) }),
      ),
    }),
  ];
}
