/** /v1/channels: where alerts go. Secrets go in and never come out. */

import { countFalseAlarms } from '../../shared/alerts/measured.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { createChannel, dropChannel, editChannel, tryChannel } from '../../shared/channelActions.ts';
import type { ChannelChange } from '../../shared/channels.ts';
import { show, shownChannels } from '../../shared/channels.ts';
import type { AlertMetric } from '../../shared/contracts/alerts.ts';
import {
  Channel,
  type ChannelBudget,
  ChannelList,
  ChannelPatchBody,
  NewChannelAnswer,
  NewChannelBody,
  TestAnswer,
} from '../../shared/contracts/api/channels.ts';
import { IdParams } from '../../shared/contracts/api/sources.ts';
import type { ShownChannel } from '../../shared/contracts/channels.ts';
import { isReference } from '../../shared/contracts/channels.ts';
import { type AlertRule, liveRulesOn } from '../../shared/store/alertRules.ts';
import { findChannel } from '../../shared/store/channels.ts';
import type { Caller } from '../auth.ts';
import { tagWith, versionOf } from '../ifMatch.ts';
import { type Route, route } from '../route.ts';
import { found, iso, toId, writeAlerts } from './alertShapes.ts';
import { type RouteDeps, tellQueue } from './deps.ts';

/** Settings name people's addresses, so seeing channels takes the same scope as changing them. */
const common = { tag: 'channels', ...writeAlerts } as const;
const HOURS_A_MONTH = 720;

export function channelRoutes(deps: RouteDeps): Route[] {
  return [...readRoutes(deps), ...changeRoutes(deps), testRoute(deps)];
}

function readRoutes(deps: RouteDeps): Route[] {
  const { db, seal } = deps;
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/channels',
      summary: 'Channels by name, without their secrets, each with how its budget is used',
      limit: 'read',
      schemas: { response: ChannelList },
      handle: async () => {
        const channels: Channel[] = [];
        for (const channel of await shownChannels({ db, seal })) channels.push(await describe(deps, channel));
        return { channels };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/channels/{id}',
      summary: 'One channel; its version is the ETag',
      limit: 'read',
      schemas: { params: IdParams, response: Channel },
      handle: async (input) => {
        const channel = show(seal, found(await findChannel(db, toId(input.params)), 'channel'));
        tagWith(input, channel);
        return describe(deps, channel);
      },
    }),
  ];
}

function changeRoutes(deps: RouteDeps): Route[] {
  return [
    route({
      ...common,
      method: 'post',
      path: '/v1/channels',
      summary: 'Add a channel',
      answers: 'created',
      schemas: { body: NewChannelBody, response: NewChannelAnswer },
      handle: async (input) => {
        const { channel, madeSecret } = await createChannel(actionDeps(deps, input), input.body);
        input.setHeader('Location', `/v1/channels/${channel.id}`);
        tagWith(input, channel);
        return { channel: await describe(deps, channel), signing_secret: madeSecret };
      },
    }),
    route({
      ...common,
      method: 'patch',
      path: '/v1/channels/{id}',
      summary: 'Change a channel, pause it, or let it send again (If-Match)',
      conditional: true,
      schemas: { params: IdParams, body: ChannelPatchBody, response: Channel },
      handle: async (input) => {
        const action = { id: toId(input.params), version: versionOf(input) };
        const { state, ...change } = input.body;
        const given = Object.fromEntries(
          Object.entries(change).filter(([, value]) => value !== undefined),
        ) as ChannelChange;
        const channel = await editChannel(actionDeps(deps, input), action, { ...given, ...(state ? { state } : {}) });
        tagWith(input, channel);
        return describe(deps, channel);
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/v1/channels/{id}',
      summary: 'Remove a channel with its deliveries (If-Match)',
      conditional: true,
      answers: 'no_content',
      schemas: { params: IdParams },
      handle: async (input) => {
        await dropChannel(actionDeps(deps, input), { id: toId(input.params), version: versionOf(input) });
        return undefined;
      },
    }),
  ];
}

function testRoute(deps: RouteDeps): Route {
  return route({
    ...common,
    method: 'post',
    path: '/v1/channels/{id}/test',
    summary: 'Send a message that says it is a test; what became of it is at /v1/deliveries/{id}',
    answers: 'accepted',
    schemas: { params: IdParams, response: TestAnswer },
    handle: async (input) => {
      const delivery = await tryChannel(actionDeps(deps, input), toId(input.params), deps.address);
      input.setHeader('Location', `/v1/deliveries/${delivery}`);
      const queued = await tellQueue(deps, (queues) =>
        queues.add('deliver', { delivery_id: delivery }, `deliver-${delivery}`),
      );
      return { delivery, queued };
    },
  });
}

function actionDeps({ db, seal }: RouteDeps, { caller, now }: { caller: Caller; now: Date }) {
  return { db, seal, now, by: caller.name };
}

async function describe({ db }: RouteDeps, channel: ShownChannel): Promise<Channel> {
  const { id, version, name, kind, settings, host, state, broken_reason } = channel;
  const secrets = Object.entries(channel.secrets).map(
    ([field, value]) => [field, { configured: true as const, reference: isReference(value) ? value : null }] as const,
  );
  return {
    ...{ id, version, name, kind, settings, host, state, broken_reason },
    secrets: Object.fromEntries(secrets),
    budget: toBudget(channel.budget, await liveRulesOn(db, [id])),
    created_at: iso(channel.created_at),
    updated_at: iso(channel.updated_at),
  };
}

function toBudget(budget: number, rules: readonly AlertRule[]): ChannelBudget {
  const used = rules.map(({ id, name, body, parameters }) => {
    const { metric, alert_at, signals } = parameters;
    const at_most = expected(metric, alert_at, signals.length);
    return { id, name, at_most, capped: alert_at > toParameters(body, []).alert_at };
  });
  const sum = used.reduce<number | null>(
    (total, { at_most }) => (total === null || at_most === null ? null : total + at_most),
    0,
  );
  return { a_month: budget, rules: used, at_most: sum };
}

/** Net: evidence of A hours is reached by chance once in A hours at most. Counts: as measured on real volumes. */
function expected(metric: AlertMetric, alertAt: number, signals: number): number | null {
  if (metric === 'net') return (HOURS_A_MONTH * signals) / alertAt;
  return metric === 'terms' ? null : countFalseAlarms(alertAt);
}
