/**
 * A small world for tests of alerts: rules on scopes whose hours are written by hand, a clock that is turned by hand, and
 * channels that nobody sends through. Hours are as a scope would count them; the detectors are the real ones.
 */
import { acknowledge } from '../../shared/alertActions.ts';
import { createRule } from '../../shared/alertRules.ts';
import { RuleBody } from '../../shared/contracts/alerts.ts';
import { createLog } from '../../shared/log.ts';
import type { AlertRule } from '../../shared/store/alertRules.ts';
import { type Alert, alertEvents, listAlerts } from '../../shared/store/alerts.ts';
import { insertChannel } from '../../shared/store/channels.ts';
import { type Db, many, one, run } from '../../shared/store/db.ts';
import { pendingRules } from '../../shared/store/decisions.ts';
import type { EngineDeps } from '../../workers/alerts/engine.ts';
import { evaluateRule } from '../../workers/alerts/evaluate.ts';
import { tendAlerts } from '../../workers/alerts/tend.ts';

export const HOUR_MS = 3_600_000;
const ZONE = 'Africa/Casablanca';
const log = createLog('test', 'silent');

/** Posts of an hour by label, each of another author. */
export interface HourOfPosts {
  neg: number;
  neu: number;
  pos: number;
  complete?: boolean;
}

/** Numbers in [0, 1) that are the same at every run. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Hours around 50 posts and a net sentiment of +0.1, with the noise of chance. */
export function usual(hours: number, { seed = 1, posts = 50, shift = 0 } = {}): HourOfPosts[] {
  const random = randomOf(seed);
  return Array.from({ length: hours }, () => {
    const hour = { neg: 0, neu: 0, pos: 0 };
    for (let i = 0; i < posts; i++) {
      const draw = random();
      if (draw < 0.22 + shift / 2) hour.neg += 1;
      else if (draw < 0.68) hour.neu += 1;
      else hour.pos += 1;
    }
    return hour;
  });
}

/** A fall by 0.4 that nobody could miss: found within some hours. */
export const fallen = (hours: number, seed = 7) => usual(hours, { seed, shift: 0.8 });

export class World {
  now: Date;
  readonly db: Db;
  constructor(db: Db, now: string) {
    this.db = db;
    this.now = new Date(now);
  }

  get deps(): EngineDeps {
    return { db: this.db, log, zone: ZONE, address: 'https://sada.example', model: 'test-1', now: this.now };
  }

  /** A channel; budgets are so large that they do not matter, unless given. */
  async channel(name = 'team', budget = 100, kind: 'webhook' | 'pagerduty' = 'webhook'): Promise<number> {
    const made = await insertChannel(this.db, { name, kind, settings: {}, sealed: null, budget });
    if (!made) throw new Error(`there is a channel ${name} already`);
    return made.id;
  }

  /** A rule made now, of falls of net sentiment unless told otherwise. */
  rule(body: Record<string, unknown> = {}, options: { sample?: boolean } = {}): Promise<AlertRule> {
    return createRule(this.deps, RuleBody.parse({ name: 'Mood', metric: 'net', ...body }), 'amal', options);
  }

  /** Writes hours of a scope from an instant on; those that are there get a new revision. The scope is then filled. */
  async write(scopeId: number, from: Date, hours: readonly HourOfPosts[]): Promise<void> {
    const rows = hours.map(({ neg, neu, pos, complete = true }, index) => {
      const n = neg + neu + pos;
      const at = new Date(from.getTime() + index * HOUR_MS).toISOString();
      return { at, n, neg, neu, pos, complete };
    });
    await run(
      this.db,
      `insert into scope_hours as s (scope_id, hour, n, scored, neg, neu, pos, dneg, dneu, dpos, c, authors, threads, complete, version)
       select $1, x.at, x.n, x.n, x.neg, x.neu, x.pos, x.neg, x.neu, x.pos, x.n, x.n, x.n, x.complete, 1
       from json_to_recordset($2::json) as x (at timestamptz, n int, neg int, neu int, pos int, complete boolean)
       on conflict (scope_id, hour) do update set revision = s.revision + 1, n = excluded.n, scored = excluded.scored,
         neg = excluded.neg, neu = excluded.neu, pos = excluded.pos, dneg = excluded.dneg, dneu = excluded.dneu,
         dpos = excluded.dpos, c = excluded.c, authors = excluded.authors, threads = excluded.threads, complete = excluded.complete`,
      [scopeId, JSON.stringify(rows)],
    );
    await run(
      this.db,
      `update scopes set state = 'ready', filled_from = (select min(hour) from scope_hours where scope_id = $1),
         filled_to = (select max(hour) + interval '1 hour' from scope_hours where scope_id = $1) where id = $1`,
      [scopeId],
    );
  }

  /** Writes three weeks of usual hours that end now, and lets the rules learn from them. */
  async learn(...scopeIds: number[]): Promise<void> {
    const hours = 24 * 21;
    for (const id of scopeIds)
      await this.write(id, new Date(this.now.getTime() - hours * HOUR_MS), usual(hours, { seed: 40 + id }));
    await this.evaluate();
  }

  /** The hours of all these scopes pass, one by one, and each is evaluated some minutes after its end. */
  async pass(hours: readonly HourOfPosts[], ...scopeIds: number[]): Promise<void> {
    for (const hour of hours) {
      for (const id of scopeIds) await this.write(id, this.now, [hour]);
      this.now = new Date(this.now.getTime() + HOUR_MS);
      await this.evaluate();
    }
  }

  /** What the job `watch` does about rules and alerts. */
  async evaluate(): Promise<void> {
    for (const id of await pendingRules(this.db)) await evaluateRule(this.deps, id);
    await tendAlerts(this.deps);
  }

  async wait(ms: number): Promise<void> {
    this.now = new Date(this.now.getTime() + ms);
    await tendAlerts(this.deps);
  }

  async alerts(): Promise<Alert[]> {
    return (await listAlerts(this.db, { limit: 100 })).toReversed();
  }

  /** The first alert. Throws when there is none. */
  async alert(): Promise<Alert> {
    const [first] = await this.alerts();
    if (!first) throw new Error('there is no alert');
    return first;
  }

  async events(alertId: number): Promise<string[]> {
    return (await alertEvents(this.db, alertId)).map(({ type }) => type);
  }

  /** What the outbox holds, in the order in which it was written: type, state, channel, alert. */
  async outbox(): Promise<
    { type: string; state: string; channel: number; alert: number | null; not_before: Date; also: number[] }[]
  > {
    return many(
      this.db,
      `select message ->> 'type' as type, state::text as state, channel_id as channel, alert_id as alert, not_before,
         (select coalesce(array_agg((a ->> 'alert_id')::int), '{}') from jsonb_array_elements(message -> 'also') as a) as also
       from deliveries order by created_at, alert_id, seq, channel_id`,
    );
  }

  /** As if every message whose time has come had arrived. */
  async deliverDue(): Promise<void> {
    await run(
      this.db,
      `update deliveries set state = 'sent', sent_at = $1, attempts = 1 where state in ('waiting', 'held') and not_before <= $1`,
      [this.now],
    );
  }

  acknowledge(id: number, by = 'amal'): Promise<Alert> {
    return acknowledge(this.deps, { id, by });
  }

  /** How many rows a table has. */
  async count(
    table: 'alerts' | 'alert_events' | 'deliveries' | 'alert_decisions' | 'alert_checkpoints',
  ): Promise<number> {
    return (await one<{ n: number }>(this.db, `select count(*) as n from ${table}`))?.n ?? 0;
  }
}
