/**
 * Alerts and what happened to each, in order. Workers open and move them (workers/alerts/act.ts), people acknowledge,
 * snooze, close and judge them (shared/alertActions.ts). Events of an alert are numbered without gaps, under its row lock.
 */
import type {
  AlertState,
  EventType,
  Evidence,
  Resolution,
  RuleBody,
  RuleMode,
  Severity,
  Signal,
  Verdict,
} from '../contracts/alerts.ts';
import { many, one, type Queryable, run, type Tx } from './db.ts';

export interface Alert {
  id: number;
  rule_id: number;
  rule_version: number;
  scope_id: number;
  signal: Signal;
  dedup_key: string;
  state: AlertState;
  severity: Severity;
  mode: Exclude<RuleMode, 'paused'>;
  sample: boolean;
  /** Estimated start of what happened. */
  started_at: Date;
  /** End of the hour that raised the alarm. */
  fired_at: Date;
  recovering_at: Date | null;
  resolved_at: Date | null;
  resolution: Resolution | null;
  evidence: Evidence;
  model: string;
  /** The alert whose messages speak for this one too. */
  parent_id: number | null;
  acknowledged_at: Date | null;
  acknowledged_by: string | null;
  snoozed_until: Date | null;
  verdict: Verdict | null;
  verdict_by: string | null;
  last_repeat_at: Date | null;
  escalated_at: Date | null;
  created_at: Date;
  version: number;
}

export interface AlertEvent {
  seq: number;
  type: EventType;
  /** Start of the hour that it is about; null for what people do. */
  hour: Date | null;
  body: Record<string, unknown>;
  by_whom: string | null;
  at: Date;
}

/** Columns that a change may set. */
export type AlertChange = Partial<
  Pick<
    Alert,
    | 'state'
    | 'severity'
    | 'recovering_at'
    | 'resolved_at'
    | 'resolution'
    | 'parent_id'
    | 'acknowledged_at'
    | 'acknowledged_by'
    | 'snoozed_until'
    | 'verdict'
    | 'verdict_by'
    | 'last_repeat_at'
    | 'escalated_at'
  >
>;

const COLUMNS = `id, rule_id, rule_version, scope_id, signal, dedup_key, state, severity, mode, sample, started_at, fired_at,
  recovering_at, resolved_at, resolution, evidence, model, parent_id, acknowledged_at, acknowledged_by, snoozed_until, verdict,
  verdict_by, last_repeat_at, escalated_at, created_at, version`;

/** One at a time opens, joins and tells of alerts, or two that begin together would not see each other. */
export async function lockActions(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.alerts', 0))`);
}

export async function findAlert(db: Queryable, id: number): Promise<Alert | undefined> {
  return one<Alert & Record<string, unknown>>(db, `select ${COLUMNS} from alerts where id = $1`, [id]);
}

/** The same, locked until the end of the transaction: whoever adds an event holds this. */
export async function lockAlert(tx: Tx, id: number): Promise<Alert | undefined> {
  return one<Alert & Record<string, unknown>>(tx, `select ${COLUMNS} from alerts where id = $1 for update`, [id]);
}

export interface AlertQuery {
  states?: AlertState[];
  ruleId?: number;
  scopeId?: number;
  signals?: Signal[];
  severities?: Severity[];
  mode?: Alert['mode'];
  sample?: boolean;
  /** Fired in [from, to). */
  from?: Date;
  to?: Date;
  /** The last one seen, of an earlier page. */
  before?: { firedAt: Date; id: number };
  limit: number;
}

/** Alerts, newest first. */
export async function listAlerts(db: Queryable, query: AlertQuery): Promise<Alert[]> {
  return many<Alert & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from alerts
     where ($1::text[] is null or state::text = any($1)) and ($2::int is null or rule_id = $2)
       and ($3::int is null or scope_id = $3) and ($4::text[] is null or signal::text = any($4))
       and ($5::text[] is null or severity::text = any($5)) and ($6::text is null or mode = $6)
       and ($7::boolean is null or sample = $7)
       and ($8::timestamptz is null or (fired_at, id) < ($8, $9::int))
       and ($11::timestamptz is null or fired_at >= $11) and ($12::timestamptz is null or fired_at < $12)
     order by fired_at desc, id desc limit $10`,
    [
      query.states ?? null,
      query.ruleId ?? null,
      query.scopeId ?? null,
      query.signals ?? null,
      query.severities ?? null,
      query.mode ?? null,
      query.sample ?? null,
      query.before?.firedAt ?? null,
      query.before?.id ?? null,
      query.limit,
      query.from ?? null,
      query.to ?? null,
    ],
  );
}

/** A rule's alerts that were open at `since` or began later, oldest first. */
export async function alertsSince(db: Queryable, ruleId: number, since: Date): Promise<Alert[]> {
  return many<Alert & Record<string, unknown>>(
    db,
    `select ${COLUMNS} from alerts where rule_id = $1 and (resolved_at is null or resolved_at >= $2 or fired_at > $2)
     order by fired_at, id`,
    [ruleId, since],
  );
}

/** An open alert with what grouping and messages want to know of it. */
export type OpenAlert = Alert & { filter: RuleBody['scope']; rule_name: string };

/** Open alerts, oldest first; all, or those that one alert speaks for. */
export async function openAlerts(db: Queryable, parentId?: number): Promise<OpenAlert[]> {
  return many<OpenAlert & Record<string, unknown>>(
    db,
    `select a.*, s.filter, r.name as rule_name
     from (select ${COLUMNS} from alerts where state <> 'resolved' and ($1::int is null or parent_id = $1)) a
       join scopes s on s.id = a.scope_id join alert_rules r on r.id = a.rule_id
     order by a.id`,
    [parentId ?? null],
  );
}

/** What happened to an alert, in order. */
export async function alertEvents(db: Queryable, id: number): Promise<AlertEvent[]> {
  return many<AlertEvent & Record<string, unknown>>(
    db,
    'select seq, type, hour, body, by_whom, at from alert_events where alert_id = $1 order by seq',
    [id],
  );
}

export type NewAlert = Pick<
  Alert,
  | 'rule_id'
  | 'rule_version'
  | 'scope_id'
  | 'signal'
  | 'dedup_key'
  | 'severity'
  | 'mode'
  | 'sample'
  | 'started_at'
  | 'fired_at'
  | 'evidence'
  | 'model'
  | 'created_at'
>;

/** Opens an alert; undefined when there is one of this key. */
export async function insertAlert(tx: Tx, alert: NewAlert): Promise<Alert | undefined> {
  return one<Alert & Record<string, unknown>>(
    tx,
    `insert into alerts (rule_id, rule_version, scope_id, signal, dedup_key, severity, mode, sample, started_at, fired_at,
       evidence, model, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (dedup_key) do nothing returning ${COLUMNS}`,
    [
      alert.rule_id,
      alert.rule_version,
      alert.scope_id,
      alert.signal,
      alert.dedup_key,
      alert.severity,
      alert.mode,
      alert.sample,
      alert.started_at,
      alert.fired_at,
      JSON.stringify(alert.evidence),
      alert.model,
      alert.created_at,
    ],
  );
}

/** Sets columns and raises the version. Names come from `AlertChange`, never from outside. */
export async function updateAlert(tx: Tx, id: number, change: AlertChange): Promise<Alert> {
  const entries = Object.entries(change);
  const sets = entries.map(([name], index) => `${name} = $${index + 2}, `).join('');
  const row = await one<Alert & Record<string, unknown>>(
    tx,
    `update alerts set ${sets}version = version + 1 where id = $1 returning ${COLUMNS}`,
    [id, ...entries.map(([, value]) => value)],
  );
  if (!row) throw new Error(`alert ${id} is gone while it is changed`);
  return row;
}

/** Alerts that a resolved one spoke for speak for themselves again. */
export async function releaseChildren(tx: Tx, parentId: number): Promise<void> {
  await run(
    tx,
    `update alerts set parent_id = null, version = version + 1 where parent_id = $1 and state <> 'resolved'`,
    [parentId],
  );
}

/** Adds the next event of an alert and returns its number. The caller holds the alert's row lock, or made the alert. */
export async function addAlertEvent(
  tx: Tx,
  alertId: number,
  event: { type: EventType; hour?: Date | null; body?: Record<string, unknown>; by?: string | null; at: Date },
): Promise<number> {
  const row = await one<{ seq: number }>(
    tx,
    `insert into alert_events (alert_id, seq, type, hour, body, by_whom, at)
     select $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6 from alert_events where alert_id = $1 returning seq`,
    [alertId, event.type, event.hour ?? null, JSON.stringify(event.body ?? {}), event.by ?? null, event.at],
  );
  return row?.seq ?? 0;
}
