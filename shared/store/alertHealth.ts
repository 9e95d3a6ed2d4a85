/** How alerts do, in figures, for the leading scheduler's metrics (workers/scheduler.ts). */
import type { Severity } from '../contracts/alerts.ts';
import type { DeliveryState } from '../contracts/channels.ts';
import { many, one, type Queryable } from './db.ts';

export interface AlertHealth {
  /** Open alerts that people are told of; every severity is there. */
  open: { severity: Severity; n: number }[];
  /** The outbox; every state is there. */
  deliveries: { state: DeliveryState; n: number }[];
  /** Since the end of the oldest closed hour that is news to a rule and not decided; 0 when there is none. */
  lagSeconds: number;
}

export async function alertHealth(db: Queryable): Promise<AlertHealth> {
  const open = await many<{ severity: Severity; n: number }>(
    db,
    `select s.severity, count(a.id)::int as n from unnest(enum_range(null::alert_severity)) as s (severity)
     left join alerts a on a.severity = s.severity and a.state <> 'resolved' and a.mode = 'live' and not a.sample
     group by 1 order by 1`,
  );
  const deliveries = await many<{ state: DeliveryState; n: number }>(
    db,
    `select s.state, count(d.id)::int as n from unnest(enum_range(null::delivery_state)) as s (state)
     left join deliveries d on d.state = s.state group by 1 order by 1`,
  );
  const lag = await one<{ seconds: number | null }>(
    db,
    `select extract(epoch from now() - min(h.hour) - interval '1 hour')::float8 as seconds
     from alert_rules r join scopes s on s.id = r.scope_id and s.state = 'ready'
       join scope_hours h on h.scope_id = s.id and h.hour >= r.live_from and h.hour > now() - interval '30 days'
     where r.deleted_at is null and r.mode <> 'paused' and not exists (
       select 1 from alert_decisions d where d.rule_id = r.id and d.version = r.version and d.hour = h.hour)`,
  );
  return { open, deliveries, lagSeconds: Math.max(0, lag?.seconds ?? 0) };
}
