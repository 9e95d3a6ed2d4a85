/**
 * PagerDuty, Events API v2: an alert is an incident there under the same key. It is triggered, acknowledged and resolved;
 * other events of an alert add to the incident or are not sent. A test resolves itself.
 * https://developer.pagerduty.com/docs/send-alert-event
 */
import type { AlertMessage, MessageLanguage } from '../../../shared/contracts/alerts.ts';
import { JSON_HEADERS, jsonOf, outcomeOf } from './answers.ts';
import type { Channel, Sending } from './channel.ts';
import { cut, tell } from './wording.ts';

type Action = 'trigger' | 'acknowledge' | 'resolve';

const ACTIONS: Record<AlertMessage['type'], Action | undefined> = {
  fired: 'trigger',
  escalated: 'trigger',
  follow_up: 'trigger',
  repeated: 'trigger',
  joined: 'trigger',
  revised: 'resolve',
  unacknowledged: 'trigger',
  no_data: 'trigger',
  test: 'trigger',
  undelivered: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
  rebased: 'resolve',
  data_back: undefined,
  recovering: undefined,
  snoozed: undefined,
  note: undefined,
  verdict: undefined,
};

export const pagerduty: Channel<'pagerduty'> = {
  // Alerts that share a message would have no incident of their own.
  digests: false,
  render({ message, settings, address }) {
    const action = ACTIONS[message.type];
    if (!action) return undefined;
    const event = { event_action: action, dedup_key: cut(message.dedup_key, 255) };
    if (action !== 'trigger') return JSON.stringify(event);
    return JSON.stringify({ ...event, ...trigger(message, settings.language, address) });
  },
  async send({ body, secrets, isTest, now, signal, ...rest }, outside) {
    const answer = await enqueue({ body, secrets, isTest, now, signal, ...rest }, outside, body);
    const { status } = answer;
    const known = outcomeOf('PagerDuty', answer, now);
    if (known.result === 'sent') {
      const { dedup_key } = JSON.parse(body) as { dedup_key: string };
      const over = JSON.stringify({ event_action: 'resolve', dedup_key });
      if (isTest) await enqueue({ body, secrets, isTest, now, signal, ...rest }, outside, over).catch(() => undefined);
      return { ...known, says: 'PagerDuty has taken it', receipt: { dedup_key } };
    }
    if (status !== 400) return known;
    const isKey = /routing[_ ]key|integration key/i.test(JSON.stringify(jsonOf(answer)));
    return isKey
      ? {
          result: 'broken',
          status,
          says: 'PagerDuty answers 400: the integration key is not right. Copy it from the Events API v2 integration of the service',
        }
      : { result: 'refused', status, says: 'PagerDuty answers 400: it does not take this event' };
  },
};

/** The key joins only here: what is kept of the message holds no secret. */
function enqueue(
  { secrets, signal }: Sending<'pagerduty'>,
  outside: Parameters<Channel<'pagerduty'>['send']>[1],
  body: string,
) {
  const withKey = JSON.stringify({ routing_key: secrets.routing_key, ...(JSON.parse(body) as object) });
  return outside.post(`${outside.bases.pagerduty}/v2/enqueue`, JSON_HEADERS, withKey, signal);
}

function trigger(message: AlertMessage, language: MessageLanguage, address: string | null): object {
  const told = tell(message, language);
  const { evidence, rule } = message;
  return {
    payload: {
      summary: cut(`${told.title}: ${told.sentence}`, 1_024),
      source: address ?? 'sada',
      severity: message.severity,
      timestamp: message.at,
      component: cut(rule.name, 200),
      class: evidence?.signal ?? message.type,
      custom_details: {
        ...Object.fromEntries(told.facts.map(({ name, value }) => [name, value])),
        ...Object.fromEntries(told.lists.map(({ name, lines }) => [name, lines])),
        ...(told.excerpts.length > 0
          ? { [told.words.examples]: told.excerpts.map(({ label, text, source }) => `${label} ${text} (${source})`) }
          : {}),
        event_id: message.event_id,
        labels: rule.labels,
      },
    },
    links: told.links.map(({ name, url }) => ({ href: url, text: name })),
    client: 'Sada',
    ...(message.url ? { client_url: message.url } : {}),
  };
}
