/**
 * Channels: ways to tell people of an alert. For each kind, what may be shown (settings) and what may not (secrets).
 * shared/channels.ts checks what people give, workers/alerts/channels/ sends by it, the API shows the settings only.
 * A secret may be a reference, `env:NAME` or `file:/path`: the worker looks it up each time it sends.
 */
import { z } from 'zod';
import { MessageLanguage } from './alerts.ts';

export const ChannelKind = z.enum(['email', 'webhook', 'slack', 'teams', 'discord', 'telegram', 'pagerduty']);
export type ChannelKind = z.infer<typeof ChannelKind>;

/** `paused`: by a person, messages wait. `broken`: the receiver is gone for good, until a person mends the channel. */
export const ChannelState = z.enum(['active', 'paused', 'broken']);
export type ChannelState = z.infer<typeof ChannelState>;

export const DeliveryState = z.enum(['held', 'waiting', 'sent', 'dead', 'replaced', 'cancelled']);
export type DeliveryState = z.infer<typeof DeliveryState>;

const REFERENCE = /^(?:env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:\/[^\0\r\n]{1,1000})$/;

/** True for `env:NAME` and `file:/path`, which may be shown. */
export function isReference(value: string): boolean {
  return REFERENCE.test(value);
}

// What is wrong with a secret is said without the secret.
const secret = (expected: string, fits: (value: string) => boolean) =>
  z
    .string()
    .trim()
    .max(2_000)
    .refine((value) => isReference(value) || fits(value), `expected ${expected}, or env:NAME, or file:/path`);

const isUrl = (value: string, schemes: readonly string[]) =>
  URL.canParse(value) && schemes.includes(new URL(value).protocol);
const WebAddress = secret('a web address, https://…', (value) => {
  if (!isUrl(value, ['https:', 'http:'])) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
});
const MailServer = secret('smtp://user:password@host:587 or smtps://…', (value) => isUrl(value, ['smtp:', 'smtps:']));
const SigningSecret = secret('whsec_ and base64 of 24 to 64 bytes', (value) => {
  const [, encoded = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64') === encoded;
});
const Token = (expected: string, form: RegExp) => secret(expected, (value) => form.test(value));

// A line break in an address or a name would be another header.
const Address = z.email().max(254);
const language = MessageLanguage.default('fr');

/** Settings and secrets by kind. */
export const CHANNEL_KINDS = {
  email: {
    settings: z.strictObject({
      language,
      from: Address,
      to: z.array(Address).min(1).max(20),
      /** Where to ask to be left out: an address of mail or of the web; the sender by default. */
      unsubscribe: z.union([Address, z.url({ protocol: /^https?$/ }).max(1_000)]).optional(),
    }),
    secrets: z.strictObject({ smtp_url: MailServer.optional() }),
  },
  webhook: {
    settings: z.strictObject({
      /** Until then messages carry the signature of the secret before, too. */
      rotated_until: z.iso.datetime().optional(),
    }),
    secrets: z.strictObject({ url: WebAddress, secret: SigningSecret, previous_secret: SigningSecret.optional() }),
  },
  slack: {
    settings: z.strictObject({
      language,
      /** With a bot: id or name of the Slack channel. */
      channel: z
        .string()
        .regex(/^[#@]?[\w.-]{1,80}$/, 'expected the id or name of a Slack channel')
        .optional(),
    }),
    secrets: z.strictObject({
      url: WebAddress.optional(),
      bot_token: Token('a bot token, xoxb-…', /^xox[a-z]-[\w-]{10,250}$/).optional(),
    }),
  },
  teams: { settings: z.strictObject({ language }), secrets: z.strictObject({ url: WebAddress }) },
  discord: { settings: z.strictObject({ language }), secrets: z.strictObject({ url: WebAddress }) },
  telegram: {
    settings: z.strictObject({
      language,
      chat_id: z.string().regex(/^(-?\d{1,20}|@\w{4,64})$/, 'expected the number of a chat, or @name of a channel'),
      /** Topic of a forum group. */
      topic_id: z.int().positive().optional(),
    }),
    secrets: z.strictObject({ bot_token: Token('the token of BotFather', /^\d{3,20}:[\w-]{20,100}$/) }),
  },
  pagerduty: {
    settings: z.strictObject({ language }),
    secrets: z.strictObject({ routing_key: Token('the integration key, 32 characters', /^[A-Za-z0-9]{32}$/) }),
  },
} as const satisfies Record<ChannelKind, { settings: z.ZodType; secrets: z.ZodType }>;

export type ChannelSettings<K extends ChannelKind> = z.infer<(typeof CHANNEL_KINDS)[K]['settings']>;
export type ChannelSecrets<K extends ChannelKind> = z.infer<(typeof CHANNEL_KINDS)[K]['secrets']>;

/** What a person gives; settings and secrets are checked by the kind. */
export const ChannelBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .regex(/^[^\p{C}]+$/u, 'may not hold control characters'),
  kind: ChannelKind,
  settings: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string(), z.unknown()).default({}),
  /** False alarms a month that its readers accept, over all rules that deliver to it. */
  budget: z.number().positive().max(100).default(4),
});
export type ChannelBody = z.input<typeof ChannelBody>;

/** A channel as anybody may see it: of secrets only that they are there, and where they lead. */
export interface ShownChannel {
  id: number;
  name: string;
  kind: ChannelKind;
  settings: Record<string, unknown>;
  /** `set`, or the reference. */
  secrets: Record<string, string>;
  /** Host of the address, when it is known here. */
  host: string | null;
  budget: number;
  state: ChannelState;
  broken_reason: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
}
