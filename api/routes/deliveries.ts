/** /v1/deliveries: what became of each message, and sending again what could not be delivered. Texts are never shown. */
import { replayDelivery } from '../../shared/channelActions.ts';
import {
  DeliveriesQuery,
  DeliveryPage,
  DeliveryParams,
  ReplayAnswer,
  ShownDelivery,
} from '../../shared/contracts/api/channels.ts';
import { findDelivery, listDeliveries } from '../../shared/store/deliveries.ts';
import { type Route, route } from '../route.ts';
import { found, pageOf, toDelivery, writeAlerts } from './alertShapes.ts';
import { type RouteDeps, tellQueue } from './deps.ts';

const common = { tag: 'deliveries', ...writeAlerts } as const;

export function deliveryRoutes(deps: RouteDeps): Route[] {
  const { db } = deps;
  const cursors = deps.cursorsOf('deliveries');
  return [
    route({
      ...common,
      method: 'get',
      path: '/v1/deliveries',
      summary: 'Messages and what became of them, newest first',
      limit: 'read',
      schemas: { query: DeliveriesQuery, response: DeliveryPage },
      handle: async ({ query }) => {
        const { state, channel, alert, cursor, limit } = query;
        const rows = await listDeliveries(db, {
          ...(state ? { state } : {}),
          ...(channel === undefined ? {} : { channelId: channel }),
          ...(alert === undefined ? {} : { alertId: alert }),
          ...(cursor === undefined ? {} : { before: cursors.read(cursor).at }),
          limit: limit + 1,
        });
        const { page, next_cursor } = pageOf(rows, limit, cursors, ({ id }) => ({ at: id, id: 0 }));
        return { next_cursor, deliveries: page.map(toDelivery) };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/v1/deliveries/{id}',
      summary: 'One delivery',
      limit: 'read',
      schemas: { params: DeliveryParams, response: ShownDelivery },
      handle: async ({ params }) => toDelivery(found(await findDelivery(db, params.id), 'delivery')),
    }),
    route({
      ...common,
      method: 'post',
      path: '/v1/deliveries/{id}/replay',
      summary: 'Send a dead letter again, the same bytes',
      answers: 'accepted',
      schemas: { params: DeliveryParams, response: ReplayAnswer },
      handle: async ({ params: { id }, caller, now }) => {
        await replayDelivery({ db, now, by: caller.name }, id);
        const queued = await tellQueue(deps, (queues) => queues.add('deliver', { delivery_id: id }, `deliver-${id}`));
        return { delivery: id, queued };
      },
    }),
  ];
}
