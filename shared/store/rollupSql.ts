/**
 * How posts become numbers, as parts of statements: what is counted of each post, the sums by quarter of an hour, and the
 * rollups that receive them. The write statement (moveSql.ts) and the recount (reconcile.ts) share them, so that both count alike.
 */

const SIDE = 'p.published_at, p.language, p.source_id, p.kind, p.model';

/** What is counted of posts and of their topics, where `topics` are rows with a post's state and a topic. */
export function side(sign: 1 | -1, posts: string, topics: string): string {
  return `
  select ${sign} as sign, 0::smallint as topic, ${SIDE}, p.label, p.score from ${posts} p where p.excluded_at is null
  union all
  select ${sign}, p.topic, ${SIDE}, p.label, p.score from ${topics} p where p.excluded_at is null`;
}

// The sums of `moved`, and where each belongs. $2 is the reporting zone.
// Quarters of an hour, since every zone's offset is a multiple of one: few look-ups for many posts of the same time.
export const CELLS = `
quarters as materialized (
  select date_bin('15 minutes', published_at, timestamptz '2000-01-01 00:00:00+00') as quarter,
    topic, language, source_id, kind,
    sum(sign) as n,
    coalesce(sum(sign) filter (where label <> 'not_scored'), 0) as scored,
    coalesce(sum(sign) filter (where label = 'positive'), 0) as positive,
    coalesce(sum(sign) filter (where label = 'neutral'), 0) as neutral,
    coalesce(sum(sign) filter (where label = 'negative'), 0) as negative,
    coalesce(sum(sign * round(score * 1e4)::bigint) filter (where label <> 'not_scored'), 0) as score_sum,
    coalesce(sum(sign * (round(score * 1e4) ^ 2)::bigint) filter (where label <> 'not_scored'), 0) as score_sq_sum
  from moved group by 1, 2, 3, 4, 5
),
model_quarters as materialized (
  select date_bin('15 minutes', published_at, timestamptz '2000-01-01 00:00:00+00') as quarter, model, sum(sign) as n
  from moved where topic = 0 group by 1, 2
),
offsets as materialized (
  select q.quarter, date_bin('1 hour', q.quarter, timestamptz '2000-01-01 00:00:00+00') as hour,
    ((q.quarter at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as day,
    date_trunc('month', (q.quarter at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as month
  from (select distinct quarter from quarters) q
  cross join lateral (
    select offset_minutes from zone_offsets
    where zone = $2 and from_at <= q.quarter order by from_at desc limit 1) z
)`;

/** What a rollup cell adds up. */
export const MEASURES = ['n', 'scored', 'positive', 'neutral', 'negative', 'score_sum', 'score_sq_sum'];

// One order of keys for all writers, or they deadlock.
export function rollup(name: string, table: string, time: 'hour' | 'day' | 'month'): string {
  const sums = MEASURES.map((m) => `sum(q.${m}) as ${m}`).join(', ');
  return `
${name} as (
  insert into ${table} as r (topic, ${time}, language, source_id, kind, ${MEASURES.join(', ')})
  select * from (
    select q.topic, o.${time}, q.language, q.source_id, q.kind, ${sums}
    from quarters q join offsets o on o.quarter = q.quarter group by 1, 2, 3, 4, 5) c
  where ${MEASURES.map((m) => `c.${m} <> 0`).join(' or ')}
  order by 1, 2, 3, 4, 5
  on conflict (topic, ${time}, language, source_id, kind) do update
    set ${MEASURES.map((m) => `${m} = r.${m} + excluded.${m}`).join(', ')}
)`;
}

/** Posts by the model that scored them; `n` alone. */
export const MODELS = `
models as (
  insert into rollup_model as r (month, model, n)
  select * from (
    select o.month, q.model, sum(q.n) as n
    from model_quarters q join offsets o on o.quarter = q.quarter group by 1, 2) c
  where c.n <> 0
  order by 1, 2
  on conflict (month, model) do update set n = r.n + excluded.n
)`;

/** Recounts what the rollups of a range of hours should be, from the posts. $1 from, $2 to (hours), $3 reporting zone. */
export const RECOUNT = `with moved as (
  select 1 as sign, 0::smallint as topic, ${SIDE}, p.label, p.score from posts p
  where p.published_at >= $1 and p.published_at < $2 and p.excluded_at is null
  union all
  select 1, t.topic, ${SIDE}, t.label, t.score
  from posts p join post_topics t on t.published_at = p.published_at and t.post_id = p.post_id
  where p.published_at >= $1 and p.published_at < $2 and t.published_at >= $1 and t.published_at < $2
    and p.excluded_at is null
),
${CELLS.replaceAll('$2', '$3')}`;
