/** Alerts as the API answers them. Called by api/routes/alerts.ts. Pure. */
import { offsetsOf } from '../../shared/alerts/quiet.ts';
import { tell } from '../../shared/alerts/sentences.ts';
import type { Alert, AlertSummary } from '../../shared/contracts/api/alerts.ts';
import type { AlertEvent, Alert as AlertRow } from '../../shared/store/alerts.ts';
import type { TableRow } from '../formats.ts';
import { iso, isoOrNull } from './alertShapes.ts';

/** `zone`: the reporting zone, in whose local time the sentence says when it began. */
export function toSummary(
  row: AlertRow,
  rule: { name: string; deleted: boolean } | undefined,
  zone: string,
): AlertSummary {
  const { id, version, signal, state, severity, mode, sample, resolution, evidence, verdict, verdict_by } = row;
  const name = rule?.name ?? '';
  const said = tell({
    type: 'fired',
    rule: name,
    signal,
    resolution,
    evidence,
    after: null,
    offsetMinutes: offsetsOf(zone)(row.started_at.getTime()),
  });
  const { metric, before, now, low, high, posts, distinct_posts, authors } = evidence;
  return {
    ...{ id, version, signal, state, severity, mode, sample, resolution, verdict, verdict_by },
    ...{ metric, before, now, low, high, posts, distinct_posts, authors },
    rule: { id: row.rule_id, name, version: row.rule_version, deleted: rule?.deleted ?? true },
    scope: row.scope_id,
    started_at: iso(row.started_at),
    fired_at: iso(row.fired_at),
    recovering_at: isoOrNull(row.recovering_at),
    resolved_at: isoOrNull(row.resolved_at),
    ...said,
    parent: row.parent_id,
    acknowledged_at: isoOrNull(row.acknowledged_at),
    acknowledged_by: row.acknowledged_by,
    snoozed_until: isoOrNull(row.snoozed_until),
    created_at: iso(row.created_at),
  };
}

export function toEvent({ seq, type, hour, body, by_whom, at }: AlertEvent): Alert['events'][number] {
  return { seq, type, hour: isoOrNull(hour), body, by: by_whom, at: iso(at) };
}

export const ALERT_COLUMNS = [
  ...[
    'id',
    'rule_id',
    'rule_name',
    'signal',
    'metric',
    'state',
    'severity',
    'mode',
    'sample',
    'started_at',
    'fired_at',
  ],
  ...['resolved_at', 'resolution', 'before', 'now', 'low', 'high', 'posts', 'distinct_posts', 'authors'],
  ...['acknowledged_at', 'acknowledged_by', 'snoozed_until', 'verdict', 'verdict_by', 'parent'],
  ...['sentence_fr', 'sentence_ar', 'sentence_en'],
];

export function toRow(summary: AlertSummary): TableRow {
  return { ...summary };
}

/** Without what leads to single posts, threads and authors. Events may carry evidence of their own. */
export function hideIds(alert: Alert): Alert {
  return {
    ...alert,
    evidence: hideInEvidence(alert.evidence),
    events: alert.events.map((event) => ({ ...event, body: hideInBody(event.body) })),
  };
}

function hideInEvidence(evidence: Alert['evidence']): Alert['evidence'] {
  return {
    ...evidence,
    drivers: evidence.drivers.map((driver) => ({ ...driver, key: '', post_id: null })),
    examples: { negative: [], positive: [] },
  };
}

function hideInBody(body: Record<string, unknown>): Record<string, unknown> {
  const hidden = new Set(['examples', 'drivers', 'excerpts']);
  const hide = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, part]) => (hidden.has(name) ? [] : [[name, hide(part)]])),
    );
  };
  return hide(body) as Record<string, unknown>;
}
