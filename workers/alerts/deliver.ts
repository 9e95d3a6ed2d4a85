/**
 * Sends one delivery of the outbox, and what of the same alert comes due behind it. At least once: the attempt is written
 * down before, its end after, so a crash in between repeats the same bytes under the same id. Job `deliver` in
 * workers/main.ts; `testChannel` is the button and command of the same name. Try it: npx sada channels test NAME
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeTest } from '../../shared/channels.ts';
import {
  CHANNEL_KINDS,
  type ChannelKind,
  type ChannelSecrets,
  type ChannelSettings,
} from '../../shared/contracts/channels.ts';
import type { Log } from '../../shared/log.ts';
import { type Seal, SealError } from '../../shared/seal.ts';
import { lockChannel, type StoredChannel, setChannelState } from '../../shared/store/channels.ts';
import { type Db, inTransaction } from '../../shared/store/db.ts';
import { findDelivery } from '../../shared/store/deliveries.ts';
import {
  markFailed,
  markOver,
  markSent,
  nextOf,
  quietChannel,
  type Underway,
  type Unsent,
} from '../../shared/store/deliveryWork.ts';
import { CHANNELS } from './channels/all.ts';
import type { Channel, Outcome } from './channels/channel.ts';
import { type Outside, Unreached } from './channels/outside.ts';
import { type Claim, claim } from './claim.ts';
import { tellAnother } from './notice.ts';
import { nextAttempt, pacesOf } from './retry.ts';
import { lookUpSecrets, type ReadEnvironment, SecretError } from './secrets.ts';

/** Longest attempt. Shorter than the lease of workers/alerts/claim.ts by what marking may take. */
const TIMEOUT_MS = 20_000;
/** A receiver's refusals are told in a line. */
const MOST_SAID = 300;
const POLL_MS = 250;

export interface DeliverDeps {
  db: Db;
  log: Log;
  seal: Seal;
  outside: Outside;
  environment: ReadEnvironment;
  /** Address of the installation; null when it does not know. */
  address: string | null;
  /** For tests. */
  now?: () => Date;
  random?: () => number;
  timeoutMs?: number;
}

/** Sends a delivery if it is due, then those behind it. Safe to repeat; never throws for what receivers do. */
export async function deliver(deps: DeliverDeps, deliveryId: string): Promise<void> {
  let next: string | undefined = deliveryId;
  while (next !== undefined) {
    const done: Attempt | undefined = await attempt(deps, next);
    next = done?.outcome.result === 'sent' ? await nextOf(deps.db, done.id, now(deps)) : undefined;
  }
}

const now = (deps: DeliverDeps) => deps.now?.() ?? new Date();

interface Attempt {
  id: string;
  outcome: Outcome;
}

/** One attempt, from the claim to its mark. undefined: there was nothing to do. */
async function attempt(deps: DeliverDeps, id: string): Promise<Attempt | undefined> {
  const claimed = await claim(deps, id, now(deps));
  if (claimed.kind === 'nothing') return undefined;
  const { row, channel } = claimed;
  if (claimed.kind === 'dead') {
    const outcome: Outcome = { result: 'refused', status: null, says: claimed.says };
    await bury(deps, { row, channel, attempt: row.attempts, underway: row.underway }, outcome);
    return { id: row.id, outcome };
  }
  const outcome = await send(deps, claimed);
  await mark(deps, claimed, outcome);
  const { result, status, says } = outcome;
  const fields = { delivery: row.id, channel: channel.id, kind: channel.kind, attempt: claimed.attempt, status };
  if (result === 'sent') deps.log.info({ ...fields, says }, 'delivered');
  else deps.log.warn({ ...fields, result, says }, 'not delivered');
  return { id: row.id, outcome };
}

type Sendable = Extract<Claim, { kind: 'send' }>;

async function send(deps: DeliverDeps, claimed: Sendable): Promise<Outcome> {
  const signal = AbortSignal.timeout(deps.timeoutMs ?? TIMEOUT_MS);
  const secrets: string[] = [];
  try {
    const outcome = await sendBy(deps, claimed, claimed.channel, secrets, signal);
    return { ...outcome, says: withoutSecrets(outcome.says, secrets) };
  } catch (error) {
    const says = withoutSecrets(error instanceof Error ? error.message : 'unknown', secrets);
    if (error instanceof Unreached)
      return error.isFinal
        ? { result: 'broken', status: null, says }
        : { result: 'later', status: null, isSure: error.isSure, says };
    if (error instanceof SecretError || error instanceof SealError)
      return { result: 'later', status: null, isSure: true, says };
    deps.log.error({ err: error, kind: claimed.channel.kind, delivery: claimed.row.id }, 'channel failed');
    return { result: 'later', status: null, isSure: false, says: 'the channel failed; the log has the reason' };
  }
}

async function sendBy<K extends ChannelKind>(
  deps: DeliverDeps,
  { row, message, underway }: Sendable,
  channel: StoredChannel & { kind: K },
  known: string[],
  signal: AbortSignal,
): Promise<Outcome> {
  const secrets: ChannelSecrets<K> = await lookUpSecrets(deps.seal, deps.environment, channel);
  known.push(...Object.values(secrets as Record<string, string>));
  const kind: Channel<K> = CHANNELS[channel.kind];
  const settings = CHANNEL_KINDS[channel.kind].settings.parse(channel.settings) as ChannelSettings<K>;
  const isTest = message.type === 'test';
  return kind.send(
    { body: underway.body, eventId: row.eventId, isTest, settings, secrets, now: now(deps), signal },
    deps.outside,
  );
}

/** What a receiver or a library says could quote what it was given. */
function withoutSecrets(says: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length > 5)
    .reduce((text, secret) => text.replaceAll(secret, '***'), says)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, MOST_SAID);
}

/** Writes down how an attempt ended. */
async function mark(deps: DeliverDeps, claimed: Sendable, outcome: Outcome): Promise<void> {
  const { row, channel } = claimed;
  const at = now(deps);
  if (outcome.result === 'sent') {
    await markSent(deps.db, row.id, { at, status: outcome.status, receipt: outcome.receipt ?? {} });
    if (channel.state === 'broken') await setChannelState(deps.db, channel.id, 'active'); // a test got through: it is mended
    if (outcome.quietMs) await quietChannel(deps.db, channel.id, new Date(at.getTime() + outcome.quietMs));
    return;
  }
  const underway = counted(claimed.underway, outcome);
  const asked = outcome.result === 'later' ? outcome.waitMs : undefined;
  const waitMs = outcome.result === 'later' ? nextAttempt(underway, asked, (deps.random ?? Math.random)()) : undefined;
  if (waitMs === undefined || claimed.message.type === 'test') return bury(deps, { ...claimed, underway }, outcome);
  const notBefore = new Date(at.getTime() + waitMs);
  const failure = { attempt: claimed.attempt, status: outcome.status, error: outcome.says, underway };
  await markFailed(deps.db, row.id, { ...failure, notBefore });
  if (asked !== undefined) await quietChannel(deps.db, channel.id, notBefore);
}

function counted(underway: Underway, outcome: Outcome): Underway {
  const isPaced = outcome.result === 'later' && outcome.waitMs !== undefined;
  const isSure = outcome.result !== 'later' || outcome.isSure;
  return {
    ...underway,
    failed: underway.failed + (isPaced ? 0 : 1),
    paced: underway.paced + (isPaced ? pacesOf(outcome.waitMs ?? 0) : 0),
    sure: underway.sure + (isSure ? 1 : 0),
  };
}

interface Ended {
  row: Unsent;
  channel: StoredChannel;
  attempt: number;
  underway: Underway;
}

/** No attempt is left: a dead letter, told on another channel of the rule. A channel that is gone is marked so. */
async function bury(
  deps: DeliverDeps,
  { row, channel, attempt, underway }: Ended,
  outcome: Exclude<Outcome, { result: 'sent' }>,
) {
  const at = now(deps);
  await inTransaction(deps.db, async (tx) => {
    await lockChannel(tx, channel.id); // before the row, as in a claim
    const state = row.message.type === 'test' ? 'cancelled' : 'dead'; // whoever asked for the test has been told
    const failure = { attempt, status: outcome.status, error: outcome.says, underway };
    if (!(await markOver(tx, row.id, { ...failure, at, state }))) return;
    if (outcome.result === 'broken') await setChannelState(tx, channel.id, 'broken', outcome.says);
    await tellAnother(tx, row, channel, outcome.says, at);
  });
}

export interface TestResult {
  isSent: boolean;
  /** What the receiver answered, in plain words. */
  says: string;
  status: number | null;
  deliveryId: string;
}

/** Sends a message that says it is a test, once, by the same way as any other. Throws `not_found`. */
export async function testChannel(deps: DeliverDeps, channelId: number): Promise<TestResult> {
  const deliveryId = await writeTest(deps.db, channelId, now(deps), deps.address);
  const done = await attempt(deps, deliveryId);
  if (!done) return { deliveryId, ...(await sentElsewhere(deps, deliveryId)) };
  const { result, says, status } = done.outcome;
  return { isSent: result === 'sent', says, status, deliveryId };
}

/** A worker was faster: what it wrote down. */
async function sentElsewhere({ db }: DeliverDeps, id: string): Promise<Omit<TestResult, 'deliveryId'>> {
  for (let waitedMs = 0; waitedMs < 2 * TIMEOUT_MS; waitedMs += POLL_MS) {
    const found = await findDelivery(db, id);
    if (found?.state === 'sent') return { isSent: true, says: 'a worker has delivered it', status: found.last_status };
    if (found?.state !== 'waiting') return { isSent: false, says: found?.last_error ?? 'it is gone', status: null };
    await sleep(POLL_MS);
  }
  return { isSent: false, says: 'a worker is still trying; see the deliveries of the channel', status: null };
}
