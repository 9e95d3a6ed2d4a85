/**
 * The statement that moves posts and numbers together. shared/store/posts.ts is its only caller.
 *
 * It takes (before, after) of each post: "before" is what the tables hold now (nothing for an insert), "after" is in the
 * input (nothing for a deletion), and the rollups receive after − before. There is no second way to count.
 * Whoever runs it holds the keys' row locks, so that "before" cannot move under it.
 */

/** Columns of posts that the input carries, with the types that json_to_recordset needs. */
const COLUMNS = {
  published_at: 'timestamptz',
  edited_at: 'timestamptz',
  site: 'text',
  external_id: 'text',
  kind: 'post_kind',
  source_id: 'integer',
  import_id: 'integer',
  thread: 'text',
  author_key: 'text',
  author_name: 'text',
  title: 'text',
  text: 'text',
  url: 'text',
  reach: 'bigint',
  language: 'text',
  text_key: 'bigint',
  revision: 'integer',
  model_label: 'label',
  human_label: 'label',
  model_score: 'float8',
  probability: 'real',
  model: 'text',
  topics_version: 'text',
  vendor_sentiment: 'text',
  explanation: 'jsonb',
  excluded_at: 'timestamptz',
  ingest_version: 'smallint',
} as const;

/** Identity, provenance and the instant never change: a later sighting cannot move a post in time. */
const FIXED = new Set(['published_at', 'site', 'external_id', 'source_id', 'import_id']);

const names = Object.keys(COLUMNS);
const list = names.join(', ');
const mutable = names.filter((name) => !FIXED.has(name));

const INPUT = `
input as materialized (
  select case when op = 'insert' then nextval(pg_get_serial_sequence('post_keys', 'post_id')) end as new_id, r.*
  from json_to_recordset($1::json) as r (
    op text, post_id bigint, old_hash text, topics json, entities json,
    ${Object.entries(COLUMNS)
      .map(([name, type]) => `${name} ${type}`)
      .join(', ')})
),
new_keys as (
  insert into post_keys (post_id, site, external_id, published_at) overriding system value
  select new_id, site, external_id, published_at from input where op = 'insert' order by site, external_id
  on conflict (site, external_id) do nothing
  returning post_id, site, external_id
),
inserts as materialized (
  -- "is true" keeps the look-up a hashed one: as a join, the planner believes in a few rows and loops over all pairs.
  select i.new_id as post_id, i.topics, i.entities, ${names.map((name) => `i.${name}`).join(', ')}
  from input i where i.op = 'insert' and (i.new_id in (select post_id from new_keys)) is true
),
inserted as (
  insert into posts (post_id, ${list}) select post_id, ${list} from inserts
  returning post_id, published_at, language, source_id, kind, label, score, excluded_at
),
saw as (
  insert into post_sources (post_id, source_id, import_id)
  select post_id, source_id, coalesce(import_id, 0) from inserts
)`;

const TOPICS = `
new_topics as materialized (
  select a.post_id, a.published_at, t.*
  from after a, json_to_recordset(a.topics) as t (topic smallint, model_label label, human_label label, model_score float8)
),
topics_written as (
  insert into post_topics (post_id, published_at, topic, model_label, human_label, model_score)
  select post_id, published_at, topic, model_label, human_label, model_score from new_topics
  on conflict (published_at, post_id, topic) do update
    set model_label = excluded.model_label, human_label = excluded.human_label, model_score = excluded.model_score
  returning post_id, topic, label, score
),
entities_written as (
  insert into post_entities (post_id, published_at, entity, kind, start_at, end_at)
  select a.post_id, a.published_at, e.entity, e.kind, e.start, e."end"
  from after a, json_to_recordset(a.entities) as e (entity text, kind text, start integer, "end" integer)
  on conflict do nothing
)`;

const LOOKUPS = `
touched as materialized (select op, post_id, published_at from input where op <> 'insert'),
before as materialized (
  select p.post_id, p.published_at, p.language, p.source_id, p.kind, p.label, p.score, p.excluded_at
  from touched t join posts p on p.published_at = t.published_at and p.post_id = t.post_id
),
before_topics as materialized (
  select pt.post_id, pt.topic, pt.label, pt.score
  from before b join post_topics pt on pt.published_at = b.published_at and pt.post_id = b.post_id
),
updates as materialized (
  select i.post_id, i.topics, i.entities, ${names.map((name) => `i.${name}`).join(', ')}
  from input i join before b on b.post_id = i.post_id where i.op = 'update'
)`;

const EFFECTS = `
updated as (
  update posts p set ${mutable.map((name) => `${name} = u.${name}`).join(', ')}
  from updates u where p.published_at = u.published_at and p.post_id = u.post_id
  returning p.post_id, p.published_at, p.language, p.source_id, p.kind, p.label, p.score, p.excluded_at
),
revisions as (
  insert into post_revisions (post_id, revision, content_hash)
  select i.post_id, i.revision - 1, i.old_hash from input i where i.op = 'update' and i.old_hash is not null
  on conflict do nothing
),
deleted as (
  delete from posts p using touched t
  where t.op in ('delete', 'forget') and p.published_at = t.published_at and p.post_id = t.post_id
),
topics_gone as (
  delete from post_topics pt using touched t
  where pt.published_at = t.published_at and pt.post_id = t.post_id
    and not exists (select 1 from new_topics n where n.post_id = pt.post_id and n.topic = pt.topic)
),
entities_gone as (
  delete from post_entities pe using touched t
  where pe.published_at = t.published_at and pe.post_id = t.post_id
    and not exists (
      select 1 from after a, json_to_recordset(a.entities) as e (entity text, start integer)
      where a.post_id = pe.post_id and e.entity = pe.entity and e.start = pe.start_at)
),
keys_moved as (
  update post_keys k set revision = coalesce(i.revision, k.revision), deleted = i.op = 'delete'
  from input i where i.op in ('update', 'delete') and k.post_id = i.post_id
),
keys_forgotten as (delete from post_keys k using touched t where t.op = 'forget' and k.post_id = t.post_id),
sources_forgotten as (delete from post_sources s using touched t where t.op = 'forget' and s.post_id = t.post_id)`;

const SIDE = 'p.published_at, p.language, p.source_id, p.kind';

function side(sign: 1 | -1, posts: string, topics: string): string {
  return `
  select ${sign} as sign, 0::smallint as topic, ${SIDE}, p.label, p.score from ${posts} p where p.excluded_at is null
  union all
  select ${sign}, t.topic, ${SIDE}, t.label, t.score
  from ${posts} p join ${topics} t on t.post_id = p.post_id where p.excluded_at is null`;
}

// Quarters of an hour, since every zone's offset is a multiple of one: few look-ups for many posts of the same time.
const CELLS = `
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
function rollup(name: string, table: string, time: 'hour' | 'day' | 'month'): string {
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

const RESULT = `
select
  (select coalesce(json_agg(json_build_array(site, external_id, post_id)), '[]') from new_keys) as inserted,
  (select min(hour) from offsets) as from_hour,
  (select max(hour) from offsets) as to_hour,
  (select coalesce(sum(n), 0)::int from quarters where topic = 0) as n`;

/** For batches of new posts only, the common case: nothing to look up. $1 rows as JSON, $2 reporting zone. */
export const INSERT_POSTS = `with ${[
  INPUT,
  'after as (select * from inserts)',
  TOPICS,
  `moved as (${side(1, 'inserted', 'topics_written')})`,
  CELLS,
  rollup('hours', 'rollup_hour', 'hour'),
  rollup('days', 'rollup_day', 'day'),
  rollup('months', 'rollup_month', 'month'),
].join(',\n')}\n${RESULT}`;

/** For batches that also edit, delete, label, exclude or re-score. $1 rows as JSON, $2 reporting zone. */
export const CHANGE_POSTS = `with ${[
  INPUT,
  LOOKUPS,
  'after as (select * from inserts union all select * from updates)',
  TOPICS,
  EFFECTS,
  'written as (select * from inserted union all select * from updated)',
  `moved as (${side(1, 'written', 'topics_written')} union all ${side(-1, 'before', 'before_topics')})`,
  CELLS,
  rollup('hours', 'rollup_hour', 'hour'),
  rollup('days', 'rollup_day', 'day'),
  rollup('months', 'rollup_month', 'month'),
].join(',\n')}\n${RESULT}`;

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
