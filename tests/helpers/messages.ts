/** Builders of alerts for tests of delivery: messages, and alerts with their rule in the database. */
import type { AlertMessage } from '../../shared/contracts/alerts.ts';
import { type Db, one } from '../../shared/store/db.ts';
import { writeDelivery } from '../../shared/store/deliveries.ts';
import { someEvidence } from './evidence.ts';

let counter = 0;

export function aMessage(overrides: Partial<AlertMessage> = {}): AlertMessage {
  counter += 1;
  const type = overrides.type ?? 'fired';
  return {
    event_id: `evt-${counter}`,
    dedup_key: 'd'.repeat(64),
    alert_id: 1,
    seq: 1,
    type,
    at: '2026-11-23T10:02:00.000Z',
    rule: { id: 1, name: 'Water', version: 1, owner: 'Amina', runbook_url: null, labels: { team: 'press' } },
    severity: 'warning',
    state: 'firing',
    title: { fr: `Eau : ${type}`, ar: `ماء: ${type}`, en: `Water: ${type}` },
    sentence: { fr: `Phrase ${type}.`, ar: `جملة ${type}.`, en: `Sentence ${type}.` },
    evidence: someEvidence(),
    after: null,
    excerpts: [
      {
        post_id: '17',
        label: 'negative',
        text: 'Encore une coupure <b>d’eau</b> & rien',
        url: 'https://example.ma/17',
        source: 'Hespress',
      },
    ],
    also: [],
    url: 'https://sada.example.ma/?topic=water',
    ...overrides,
  };
}

/** An alert of a rule with these channels. */
export async function anAlert(
  db: Db,
  { channels, name = 'Water' }: { channels: number[]; name?: string },
): Promise<number> {
  const scope = await one<{ id: number }>(
    db,
    `insert into scopes (filter, filter_key, state) values ('{}', $1, 'ready')
     on conflict (filter_key) do update set state = 'ready' returning id`,
    ['{}'],
  );
  const rule = await one<{ id: number }>(
    db,
    `insert into alert_rules (name, scope_id, metric, body, parameters) values ($1, $2, 'net', $3, '{}') returning id`,
    [name, scope?.id, JSON.stringify({ channels })],
  );
  const alert = await one<{ id: number }>(
    db,
    `insert into alerts (rule_id, rule_version, scope_id, signal, dedup_key, severity, mode, started_at, fired_at, evidence, model)
     values ($1, 1, $2, 'net_down', $3, 'warning', 'live', now(), now(), '{}', 'test-1') returning id`,
    [rule?.id, scope?.id, `key of ${name}`],
  );
  if (!alert) throw new Error('no alert');
  return alert.id;
}

/** Writes an event of an alert into the outbox. */
export function anEvent(
  db: Db,
  {
    alertId,
    channelId,
    seq,
    at,
    held = false,
    ...message
  }: {
    alertId: number;
    channelId: number;
    seq: number;
    at: Date;
    held?: boolean;
  } & Partial<Omit<AlertMessage, 'at' | 'seq'>>,
): Promise<string> {
  const written = aMessage({ alert_id: alertId, seq, at: at.toISOString(), dedup_key: `key-${alertId}`, ...message });
  return writeDelivery(db, { alertId, seq, channelId, message: written, notBefore: at, held });
}
