/**
 * Edits of channels: what a person gives is checked by its kind and its secrets are sealed. The API and `sada channels`
 * call it, so that both say the same. What is given back never holds a secret, except one that was made here, once.
 * Try it: `addChannel({ db, seal }, { name: 'team', kind: 'slack', secrets: { url: 'env:SLACK_URL' } })`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type AlertHead, composeMessage } from './alerts/message.ts';
import type { AlertMessage } from './contracts/alerts.ts';
import {
  CHANNEL_KINDS,
  ChannelBody,
  type ChannelKind,
  type ChannelSecrets,
  isReference,
  type ShownChannel,
} from './contracts/channels.ts';
import { AppError, type FieldError } from './errors.ts';
import type { Seal } from './seal.ts';
import { findChannel, insertChannel, listChannels, type StoredChannel, updateChannel } from './store/channels.ts';
import type { Queryable } from './store/db.ts';
import { writeDelivery } from './store/deliveries.ts';

/** How long both signatures of a webhook are sent after its secret was changed. */
const ROTATION_MS = 24 * 3_600_000;

export interface ChannelDeps {
  /** A transaction where more is written with the channel. */
  db: Queryable;
  seal: Seal;
}

export interface Made {
  channel: ShownChannel;
  /** Shown once: the signing secret that was made for a webhook without one. */
  madeSecret: string | null;
}

/** Adds a channel. Throws `invalid`, naming each field, and `conflict` when the name is taken. */
export async function addChannel({ db, seal }: ChannelDeps, body: ChannelBody): Promise<Made> {
  const madeSecret = body.kind === 'webhook' && body.secrets?.secret === undefined ? newSigningSecret() : null;
  const given = madeSecret ? { ...body, secrets: { ...body.secrets, secret: madeSecret } } : body;
  const { name, kind, settings, secrets, budget } = check(given);
  const stored = await insertChannel(db, { name, kind, settings, sealed: sealSecrets(seal, kind, secrets), budget });
  if (!stored) throw nameTaken();
  return { channel: show(seal, stored), madeSecret };
}

/** What of a channel is to be another way. Secrets that are not named stay; `null` takes one away. */
export type ChannelChange = Partial<Pick<ChannelBody, 'name' | 'settings' | 'secrets' | 'budget'>>;

/** Changes a channel, if it still has that version. Throws `not_found`, `precondition_failed`, `invalid`, `conflict`. */
export async function changeChannel(
  { db, seal }: ChannelDeps,
  id: number,
  version: number,
  change: ChannelChange,
): Promise<ShownChannel> {
  const before = await findChannel(db, id);
  if (!before) throw new AppError('not_found', `There is no channel ${id}`);
  const kept = Object.entries({ ...openSecrets(seal, before), ...change.secrets }).filter(
    ([, value]) => value !== null,
  );
  const { name, kind, settings, secrets, budget } = check({
    name: before.name,
    settings: before.settings,
    budget: before.budget,
    ...change,
    kind: before.kind,
    secrets: Object.fromEntries(kept),
  });
  const sealed = sealSecrets(seal, kind, secrets);
  const after = await updateChannel(db, id, version, { name, settings, sealed, budget }).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error && error.code === '23505' ? nameTaken() : error;
  });
  if (!after) throw new AppError('precondition_failed', 'The channel was changed or removed meanwhile');
  return show(seal, after);
}

/** Gives a webhook a new signing secret. For a day its messages are signed with the one before, too. */
export async function rotateSecret(deps: ChannelDeps, id: number, now: Date): Promise<Made> {
  const before = await findChannel(deps.db, id);
  if (before?.kind !== 'webhook') throw new AppError('not_found', 'Only a webhook has a signing secret');
  const madeSecret = newSigningSecret();
  const { secret } = openSecrets(deps.seal, before) as ChannelSecrets<'webhook'>;
  const channel = await changeChannel(deps, id, before.version, {
    settings: { ...before.settings, rotated_until: new Date(now.getTime() + ROTATION_MS).toISOString() },
    secrets: { secret: madeSecret, previous_secret: secret },
  });
  return { channel, madeSecret };
}

/** All channels, by name. */
export async function shownChannels({ db, seal }: ChannelDeps): Promise<ShownChannel[]> {
  return (await listChannels(db)).map((channel) => show(seal, channel));
}

/** The channel without its secrets. */
export function show(seal: Seal, { sealed: _sealed, ...channel }: StoredChannel): ShownChannel {
  const shown: ShownChannel = { ...channel, secrets: {}, host: null };
  try {
    for (const [name, value] of Object.entries(openSecrets(seal, { ...channel, sealed: _sealed }))) {
      shown.secrets[name] = isReference(value) ? value : 'set';
      if (/url$/.test(name) && URL.canParse(value) && !isReference(value)) shown.host = new URL(value).host;
    }
  } catch {
    shown.broken_reason ??= 'its secrets cannot be opened: they were sealed with another SADA_SECRET';
  }
  return shown;
}

/** Secrets as they were given, references not looked up. Throws SealError. */
export function openSecrets(
  seal: Seal,
  { kind, sealed }: Pick<StoredChannel, 'kind' | 'sealed'>,
): Record<string, string> {
  return sealed ? (JSON.parse(seal.open(`channel/${kind}`, sealed)) as Record<string, string>) : {};
}

function sealSecrets(seal: Seal, kind: ChannelKind, secrets: Record<string, unknown>): Buffer {
  return seal.seal(`channel/${kind}`, JSON.stringify(secrets));
}

/** A signing secret of Standard Webhooks: 32 random bytes. */
function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

function nameTaken(): AppError {
  const errors = [{ pointer: '/name', detail: 'there is such a channel already' }];
  return new AppError('conflict', 'The name is taken', { errors });
}

type Checked = { name: string; kind: ChannelKind; budget: number } & Record<
  'settings' | 'secrets',
  Record<string, unknown>
>;

function check(body: ChannelBody): Checked {
  const parsed = ChannelBody.safeParse(body);
  if (!parsed.success) throw invalid(parsed.error.issues);
  const { kind } = parsed.data;
  const settings = CHANNEL_KINDS[kind].settings.safeParse(parsed.data.settings);
  const secrets = CHANNEL_KINDS[kind].secrets.safeParse(parsed.data.secrets);
  const issues = [
    ...(settings.error?.issues ?? []).map(under('settings')),
    ...(secrets.error?.issues ?? []).map(under('secrets')),
  ];
  if (!settings.success || !secrets.success) throw invalid(issues);
  const errors = together(kind, settings.data, secrets.data);
  if (errors.length > 0) throw new AppError('invalid', 'The channel is not complete', { errors });
  return { ...parsed.data, settings: settings.data, secrets: secrets.data };
}

type Issue = { path: PropertyKey[]; message: string };
const under = (first: string) => (issue: Issue) => ({ path: [first, ...issue.path], message: issue.message });

function invalid(issues: readonly Issue[]): AppError {
  const errors = issues.map(({ path, message }) => ({ pointer: `/${path.map(String).join('/')}`, detail: message }));
  return new AppError('invalid', 'The channel is not right', { errors });
}

/** What only settings and secrets together can tell. */
function together(kind: ChannelKind, settings: object, secrets: object): FieldError[] {
  if (kind !== 'slack') return [];
  if ('url' in secrets === 'bot_token' in secrets)
    return [{ pointer: '/secrets', detail: 'give either the url of an incoming webhook or a bot_token' }];
  if ('bot_token' in secrets && !('channel' in settings))
    return [{ pointer: '/settings/channel', detail: 'a bot has to be told the channel' }];
  return [];
}

/**
 * Writes a message that says it is a test into the outbox; returns the delivery's id, for the job `deliver`. It is tried once:
 * afterwards the delivery is `sent`, or `cancelled` with the reason. Throws `not_found`.
 */
export async function writeTest(db: Queryable, channelId: number, at: Date, address: string | null): Promise<string> {
  const channel = await findChannel(db, channelId);
  if (!channel) throw new AppError('not_found', `There is no channel ${channelId}`);
  const message = testMessage(channel, at, address);
  return writeDelivery(db, { alertId: null, seq: null, channelId, message, notBefore: at, held: false });
}

function testMessage(channel: { name: string }, at: Date, address: string | null): AlertMessage {
  const rule = { id: 0, name: channel.name, version: 1, owner: '', runbook_url: null, labels: {} };
  const alert: AlertHead = { id: 0, dedupKey: `test-${randomUUID()}`, state: 'resolved', severity: 'info', rule };
  return composeMessage({
    alert,
    type: 'test',
    seq: 0,
    evidence: null,
    after: null,
    excerpts: [],
    also: [],
    address,
    at,
  });
}
