/**
 * The statement that moves posts and numbers together. shared/store/posts.ts is its only caller.
 *
 * It takes (before, after) of each post: "before" is what the tables hold now (nothing for an insert), "after" is in the
 * input (nothing for a deletion), and the rollups receive after − before. There is no second way to count.
 * Whoever runs it holds the keys' row locks, so that "before" cannot move under it.
 */

import { CELLS, MODELS, rollup, side } from './rollupSql.ts';

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
  language_hint: 'text',
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

/** What the numbers depend on, of a post before or after. */
const STATE = ['published_at', 'language', 'source_id', 'kind', 'model', 'excluded_at'];
/** Of a post, or of a topic of it: then label and score are the topic's. */
const stateOf = (post: string, labelled = post) =>
  [...STATE.map((name) => `${post}.${name}`), `${labelled}.label`, `${labelled}.score`].join(', ');

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
  returning post_id, ${STATE.join(', ')}, label, score
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
new_entities as materialized (
  select a.post_id, a.published_at, e.*
  from after a, json_to_recordset(a.entities) as e (entity text, kind text, start integer, "end" integer)
),
entities_written as (
  insert into post_entities (post_id, published_at, entity, kind, start_at, end_at)
  select distinct on (post_id, entity, start) post_id, published_at, entity, kind, start, "end" from new_entities
  on conflict (published_at, post_id, entity, start_at) do update set kind = excluded.kind, end_at = excluded.end_at
    where (post_entities.kind, post_entities.end_at) is distinct from (excluded.kind, excluded.end_at)
)`;

const LOOKUPS = `
touched as materialized (select op, post_id, published_at from input where op <> 'insert'),
before as materialized (
  select p.post_id, ${stateOf('p')}
  from touched t join posts p on p.published_at = t.published_at and p.post_id = t.post_id
),
before_topics as materialized (
  select b.post_id, ${stateOf('b', 'pt')}, pt.topic
  from before b join post_topics pt on pt.published_at = b.published_at and pt.post_id = b.post_id
),
before_entities as materialized (
  select pe.post_id, pe.published_at, pe.entity, pe.start_at
  from before b join post_entities pe on pe.published_at = b.published_at and pe.post_id = b.post_id
),
updates as materialized (
  select i.post_id, i.topics, i.entities, ${names.map((name) => `i.${name}`).join(', ')}
  from input i where i.op = 'update' and (i.post_id in (select post_id from before)) is true
)`;

const EFFECTS = `
updated as (
  update posts p set ${mutable.map((name) => `${name} = u.${name}`).join(', ')}
  from updates u where p.published_at = u.published_at and p.post_id = u.post_id
  returning p.post_id, ${stateOf('p')}
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
  delete from post_topics pt using before_topics b
  where pt.published_at = b.published_at and pt.post_id = b.post_id and pt.topic = b.topic
    and ((b.post_id, b.topic) in (select post_id, topic from new_topics)) is not true
),
entities_gone as (
  delete from post_entities pe using before_entities b
  where pe.published_at = b.published_at and pe.post_id = b.post_id and pe.entity = b.entity and pe.start_at = b.start_at
    and ((b.post_id, b.entity, b.start_at) in (select post_id, entity, start from new_entities)) is not true
),
keys_moved as (
  update post_keys k set revision = coalesce(i.revision, k.revision), deleted = i.op = 'delete'
  from input i where i.op in ('update', 'delete') and k.post_id = i.post_id
    and (k.revision is distinct from coalesce(i.revision, k.revision) or k.deleted is distinct from (i.op = 'delete'))
),
keys_forgotten as (delete from post_keys k using touched t where t.op = 'forget' and k.post_id = t.post_id),
sources_forgotten as (delete from post_sources s using touched t where t.op = 'forget' and s.post_id = t.post_id)`;

/** Hours that are told one by one; of more, their span must do. */
export const MOST_HOURS = 200;

const topicsOf = (posts: string) =>
  `(select ${stateOf('w', 't')}, t.topic from ${posts} w join topics_written t on t.post_id = w.post_id)`;

const RESULT = `
select
  (select coalesce(json_agg(json_build_array(site, external_id, post_id)), '[]') from new_keys) as inserted,
  (select min(hour) from offsets) as from_hour,
  (select max(hour) from offsets) as to_hour,
  (select case when count(*) <= ${MOST_HOURS} then coalesce(json_agg((extract(epoch from hour) / 3600)::int order by hour), '[]') end
    from (select distinct hour from offsets) h) as hours,
  (select coalesce(sum(n), 0)::int from quarters where topic = 0) as n`;

/** For batches of new posts only, the common case: nothing to look up. $1 rows as JSON, $2 reporting zone. */
export const INSERT_POSTS = `with ${[
  INPUT,
  'after as (select * from inserts)',
  TOPICS,
  `moved as (${side(1, 'inserted', topicsOf('inserted'))})`,
  CELLS,
  rollup('hours', 'rollup_hour', 'hour'),
  rollup('days', 'rollup_day', 'day'),
  rollup('months', 'rollup_month', 'month'),
  MODELS,
].join(',\n')}\n${RESULT}`;

/** For batches that also edit, delete, label, exclude or re-score. $1 rows as JSON, $2 reporting zone. */
export const CHANGE_POSTS = `with ${[
  INPUT,
  LOOKUPS,
  'after as (select * from inserts union all select * from updates)',
  TOPICS,
  EFFECTS,
  'written as (select * from inserted union all select * from updated)',
  `moved as (${side(1, 'written', topicsOf('written'))} union all ${side(-1, 'before', 'before_topics')})`,
  CELLS,
  rollup('hours', 'rollup_hour', 'hour'),
  rollup('days', 'rollup_day', 'day'),
  rollup('months', 'rollup_month', 'month'),
  MODELS,
].join(',\n')}\n${RESULT}`;
