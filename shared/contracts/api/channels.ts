/** Contract of /v1/channels and /v1/deliveries: where alerts go, and what became of each message. Secrets go in only. */
import { z } from 'zod';
import { ChannelBody, ChannelKind, ChannelState, DeliveryState } from '../channels.ts';

const Instant = z.iso.datetime({ offset: true });

export const NewChannelBody = ChannelBody.meta({
  id: 'NewChannel',
  description: 'What settings and secrets each kind has is in docs/channels.md. A secret may be env:NAME or file:/path',
});

export const ChannelPatchBody = z
  .strictObject({
    name: ChannelBody.shape.name.optional(),
    settings: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'All of them: what is left out is gone' }),
    secrets: z.record(z.string(), z.unknown()).optional().meta({
      description: 'Those that are not named stay; null takes one away',
    }),
    budget: z.number().positive().max(100).optional(),
    state: z.enum(['active', 'paused']).optional().meta({ description: 'active: what waited goes out' }),
  })
  .refine((patch) => Object.values(patch).some((value) => value !== undefined), 'nothing to change')
  .meta({ id: 'ChannelPatch' });

/** How the budget of a channel is used. */
export const ChannelBudget = z
  .object({
    a_month: z.number().meta({ description: 'False alarms a month that its readers accept' }),
    rules: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        at_most: z.number().nullable().meta({
          description:
            'False alarms a month: for net sentiment what chance brings at most, for counts what real volumes brought, null for words',
        }),
        capped: z.boolean().meta({ description: 'The budget makes it slower than its sensitivity alone would' }),
      }),
    ),
    at_most: z.number().nullable().meta({ description: 'All rules together; null when one of them is null' }),
  })
  .meta({ id: 'ChannelBudget' });
export type ChannelBudget = z.infer<typeof ChannelBudget>;

export const Channel = z
  .object({
    id: z.int(),
    version: z.int().meta({ description: 'Send it as If-Match: "3" to change or delete the channel' }),
    name: z.string(),
    kind: ChannelKind,
    settings: z.record(z.string(), z.unknown()),
    secrets: z.record(
      z.string(),
      z.object({
        configured: z.literal(true),
        reference: z
          .string()
          .nullable()
          .meta({ description: 'Where the secret is looked up, if it is kept elsewhere' }),
      }),
    ),
    host: z.string().nullable().meta({ description: 'Host of the address, when it is known here' }),
    state: ChannelState,
    broken_reason: z.string().nullable(),
    budget: ChannelBudget,
    created_at: Instant,
    updated_at: Instant,
  })
  .meta({ id: 'Channel' });
export type Channel = z.infer<typeof Channel>;
export const ChannelList = z.object({ channels: z.array(Channel) }).meta({ id: 'ChannelList' });
export const NewChannelAnswer = z
  .object({
    channel: Channel,
    signing_secret: z.string().nullable().meta({
      description: 'Shown this once: the secret that was made for a webhook without one',
    }),
  })
  .meta({ id: 'NewChannelAnswer' });
export const TestAnswer = z
  .object({
    delivery: z.string(),
    queued: z.boolean().meta({ description: 'false: a worker finds it within seconds' }),
  })
  .meta({ id: 'ChannelTest', description: 'What became of it: GET /v1/deliveries/{id}' });

export const ShownDelivery = z
  .object({
    id: z.string(),
    alert: z.int().nullable().meta({ description: 'null: a test, or data that are missing' }),
    seq: z.int().nullable(),
    channel: z.object({ id: z.int(), name: z.string(), kind: ChannelKind }),
    type: z.string(),
    event_id: z.string(),
    state: DeliveryState,
    attempts: z.int(),
    last_status: z.int().nullable(),
    last_error: z.string().nullable(),
    next_at: Instant.nullable().meta({ description: 'When it is tried next' }),
    created_at: Instant,
    sent_at: Instant.nullable(),
    redacted: z.boolean().meta({ description: 'Its texts are gone, so it cannot be replayed' }),
  })
  .meta({ id: 'Delivery' });
export type ShownDelivery = z.infer<typeof ShownDelivery>;

const Id = z.coerce.number().int().min(1).max(2_147_483_647).optional();
export const DeliveriesQuery = z.strictObject({
  state: DeliveryState.optional(),
  channel: Id,
  alert: Id,
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(500).optional().meta({ description: 'next_cursor of the page before' }),
});
export const DeliveryPage = z
  .object({ next_cursor: z.string().nullable(), deliveries: z.array(ShownDelivery) })
  .meta({ id: 'DeliveryPage' });
export const DeliveryParams = z.strictObject({ id: z.uuid() });
export const ReplayAnswer = z.object({ delivery: z.string(), queued: z.boolean() }).meta({ id: 'Replay' });
