/** Figures of the whole installation: failing sources, lag, quarantine, and the processes that are alive. */
import { many, one, type Queryable, run } from './db.ts';

export interface SourceHealth {
  failing: number;
  /** Age of the oldest last success among active polled sources; 0 without any. */
  lagSeconds: number;
  dead: number;
}

/** How the sources fare. */
export async function sourceHealth(db: Queryable): Promise<SourceHealth> {
  const row = await one<SourceHealth & Record<string, unknown>>(
    db,
    `select count(*) filter (where st.failures > 0) as failing,
       coalesce(max(extract(epoch from now() - coalesce(st.last_success_at, s.created_at))), 0)::float8 as "lagSeconds",
       (select count(*) from dead_posts) as dead
     from sources s join source_state st on st.source_id = s.id where s.state = 'active' and s.every_minutes is not null`,
  );
  return row ?? { failing: 0, lagSeconds: 0, dead: 0 };
}

/** Says that a process of a role is alive; call again every few seconds. */
export async function beat(
  db: Queryable,
  process: { id: string; role: string; host: string; pid: number },
): Promise<void> {
  await run(
    db,
    `insert into processes (id, role, host, pid) values ($1, $2, $3, $4) on conflict (id) do update set seen_at = now()`,
    [process.id, process.role, process.host, process.pid],
  );
}

/** Takes a process off the list. */
export async function leave(db: Queryable, id: string): Promise<void> {
  await run(db, 'delete from processes where id = $1', [id]);
}

/** Roles seen in the last minute, with how many of each. */
export async function aliveRoles(db: Queryable): Promise<Record<string, number>> {
  const rows = await many<{ role: string; n: number }>(
    db,
    `select role, count(*) as n from processes where seen_at > now() - interval '1 minute' group by role`,
  );
  return Object.fromEntries(rows.map((row) => [row.role, row.n]));
}
