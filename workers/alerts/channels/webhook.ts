/**
 * Signed webhooks, as Standard Webhooks 1.0.0 says, by its own library. The body says which event of which alert, with
 * all evidence; the id is the same for all attempts. docs/channels.md tells a receiver how to check and how to count once.
 */
import { Webhook } from 'standardwebhooks';
import type { AlertMessage } from '../../../shared/contracts/alerts.ts';
import { hostOf, JSON_HEADERS, outcomeOf } from './answers.ts';
import type { Channel } from './channel.ts';

/** Receivers of webhooks expect less than 20 kB. */
const MOST_BYTES = 20_000;

export const webhook: Channel<'webhook'> = {
  digests: true,
  render: ({ message }) => webhookBody(message),
  async send({ body, eventId, settings, secrets, now, signal }, outside) {
    const isRotating = settings.rotated_until !== undefined && now < new Date(settings.rotated_until);
    const keys = [secrets.secret, ...(isRotating && secrets.previous_secret ? [secrets.previous_secret] : [])];
    const headers = {
      ...JSON_HEADERS,
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': keys.map((key) => new Webhook(key).sign(eventId, now, body)).join(' '),
    };
    const answer = await outside.post(secrets.url, headers, body, signal);
    return outcomeOf(hostOf(secrets.url), answer, now);
  },
};

/** `{ type, timestamp, data }` in less than 20 kB: what is least missed is left out first. */
export function webhookBody(message: AlertMessage): string {
  let data = message;
  let body = '';
  for (const shorten of [(whole: AlertMessage) => whole, ...SHORTER]) {
    data = shorten(data);
    body = JSON.stringify({ type: `alert.${message.type}`, timestamp: message.at, data });
    if (Buffer.byteLength(body) < MOST_BYTES) break;
  }
  return body;
}

type Shorten = (message: AlertMessage) => AlertMessage;
const evidence =
  (
    change: (evidence: NonNullable<AlertMessage['evidence']>) => Partial<NonNullable<AlertMessage['evidence']>>,
  ): Shorten =>
  (message) =>
    message.evidence ? { ...message, evidence: { ...message.evidence, ...change(message.evidence) } } : message;

const SHORTER: Shorten[] = [
  evidence(({ chart }) => ({ chart: chart.slice(-24) })),
  evidence(({ segments, drivers, terms }) => ({
    segments: segments.slice(0, 12),
    drivers: drivers.slice(0, 5),
    terms: terms.slice(0, 10),
  })),
  (message) => ({ ...message, also: message.also.slice(0, 20), excerpts: message.excerpts.slice(0, 4) }),
  evidence(() => ({ chart: [] })),
  (message) => ({ ...message, excerpts: [] }),
  evidence(() => ({ segments: [], drivers: [], terms: [] })),
  (message) => ({ ...message, evidence: null, rule: { ...message.rule, labels: {} } }),
];
