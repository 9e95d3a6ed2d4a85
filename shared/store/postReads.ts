/**
 * Posts, read: a page newest first, their number, one with its explanation. Called by the routes /v1/posts.
 * Excluded and deleted posts are never among them; a single topic means its posts by the topic's own label, as in counts.
 */
import type { Explanation, TopicMention } from '../contracts/analysis.ts';
import type { Post, PostDetail } from '../contracts/api/posts.ts';
import { formatOffset, type TimeRange } from './buckets.ts';
import { conditions, countsFromPosts, type Filters, placeholders, topicConditions } from './cells.ts';
import { many, one, type Queryable } from './db.ts';

/** Where a page ends: the next begins after this post. `at` has microseconds, which a Date would lose. */
export interface PagePosition {
  at: string;
  id: number;
}

export interface PostSearch {
  zone: string;
  range: TimeRange;
  filters: Filters;
  /** Characters that title or text must hold. */
  contains: string | undefined;
}

interface Row extends Record<string, unknown> {
  post_id: number;
  published_at: Date;
  position: string;
  local: string;
  offset_minutes: number;
  topics: TopicMention[];
}

const COLUMNS = `
  p.post_id, p.published_at, p.site, p.source_id, s.name as source_name, p.kind, p.title, p.text, p.url, p.language,
  p.label, p.model_label, p.human_label, p.score, p.probability, p.reach, p.thread, p.author_key, p.revision,
  to_char(p.published_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position,
  to_char((p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes), 'YYYY-MM-DD"T"HH24:MI:SS') as local,
  z.offset_minutes,
  coalesce((select json_agg(json_build_object('topic', coalesce(c.code, 'topic_' || t.topic), 'label', t.label, 'score', t.score)
      order by t.topic)
    from post_topics t left join topics c on c.id = t.topic where t.published_at = p.published_at and t.post_id = p.post_id), '[]') as topics`;

const zoneJoin = (zone: string) => `
  cross join lateral (select offset_minutes from zone_offsets
    where zone = ${zone} and from_at <= p.published_at order by from_at desc limit 1) z
  left join sources s on s.id = p.source_id`;

/** A single topic means its posts by the topic's own label. */
function byOwnLabel(filters: Filters): number | undefined {
  return countsFromPosts(filters) ? undefined : filters.topic.is[0];
}

/** Conditions on the posts themselves, aliased p. */
function ofPost(search: PostSearch, from: string, to: string, add: (value: unknown) => string): string {
  const { filters, contains } = search;
  const topics = byOwnLabel(filters) ? '' : topicConditions(filters, from, to, add);
  return `p.excluded_at is null ${conditions(filters, 'p', add)} ${topics} ${containing(contains, add)}`;
}

/** Conditions on the label and the instant of rows aliased `alias`. */
function ofRow(
  { filters: { label } }: PostSearch,
  alias: string,
  from: string,
  to: string,
  add: (value: unknown) => string,
): string {
  return `${alias}.published_at >= ${from} and ${alias}.published_at < ${to}
    ${label.is.length > 0 ? `and ${alias}.label = any(${add(label.is)}::label[])` : ''}
    ${label.not.length > 0 ? `and ${alias}.label <> all(${add(label.not)}::label[])` : ''}`;
}

/** What of `posts` matches, to be counted: the text after `from`. */
function matching(search: PostSearch, add: (value: unknown) => string): string {
  const { filters, range } = search;
  const [from, to] = [add(range.from), add(range.to)];
  const topic = byOwnLabel(filters);
  const mentions = topic
    ? `join post_topics t on t.published_at = p.published_at and t.post_id = p.post_id and t.topic = ${topic}`
    : '';
  return `posts p ${mentions} where p.published_at >= ${from} and p.published_at < ${to}
    and ${ofRow(search, topic ? 't' : 'p', from, to, add)} and ${ofPost(search, from, to, add)}`;
}

/** The keys of one page of matching posts, newest first. */
function pageOf(
  search: PostSearch,
  limit: number,
  after: PagePosition | undefined,
  add: (value: unknown) => string,
): string {
  const [from, to] = [add(search.range.from), add(search.range.to)];
  const topic = byOwnLabel(search.filters);
  const alias = topic ? 't' : 'p';
  const beyond = after
    ? `and (${alias}.published_at, ${alias}.post_id) < (${add(after.at)}::timestamptz, ${add(after.id)}::bigint)`
    : '';
  const rows = `${ofRow(search, alias, from, to, add)} ${beyond}`;
  const posts = ofPost(search, from, to, add);
  const order = `order by ${alias}.published_at desc, ${alias}.post_id desc limit ${add(limit)}`;
  if (!topic) return `select p.published_at, p.post_id from posts p where ${rows} and ${posts} ${order}`;
  // `offset 0` keeps the planner at one post after another in the topic's order; it would join and sort them all.
  return `select t.published_at, t.post_id from post_topics t
    cross join lateral (select 1 from posts p
      where p.published_at = t.published_at and p.post_id = t.post_id and ${posts} offset 0) p
    where t.topic = ${topic} and ${rows} ${order}`;
}

function containing(text: string | undefined, add: (value: unknown) => string): string {
  if (text === undefined) return '';
  const pattern = add(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
  return `and (p.text ilike ${pattern} or p.title ilike ${pattern})`;
}

/** At most `limit` posts after a position, newest first, and the position of the next page if there is one. */
export async function listPosts(
  db: Queryable,
  search: PostSearch,
  limit: number,
  after: PagePosition | undefined,
): Promise<{ posts: Post[]; next: PagePosition | undefined }> {
  const { values, add } = placeholders();
  const page = pageOf(search, limit + 1, after, add);
  const rows = await many<Row>(
    db,
    `select ${COLUMNS} from (${page}) k join posts p on p.published_at = k.published_at and p.post_id = k.post_id
     ${zoneJoin(add(search.zone))} order by p.published_at desc, p.post_id desc`,
    values,
  );
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    posts: shown.map(toPost),
    next: rows.length > limit && last ? { at: last.position, id: last.post_id } : undefined,
  };
}

/** How many posts match. */
export async function countPosts(db: Queryable, search: PostSearch): Promise<number> {
  const { values, add } = placeholders();
  const row = await one<{ n: number }>(db, `select count(*) as n from ${matching(search, add)}`, values);
  return row?.n ?? 0;
}

interface DetailRow extends Row {
  edited_at: Date | null;
  collected_at: Date;
  model: string;
  topics_version: string;
  vendor_sentiment: string | null;
  explanation: Explanation | null;
  entities: PostDetail['entities'];
}

/** One post with its explanation, or undefined when it does not exist, was deleted or is excluded. */
export async function findPost(db: Queryable, zone: string, id: number): Promise<PostDetail | undefined> {
  const row = await one<DetailRow>(
    db,
    `select ${COLUMNS}, p.edited_at, p.collected_at, p.model, p.topics_version, p.vendor_sentiment, p.explanation,
       coalesce((select json_agg(json_build_object('entity', e.entity, 'kind', e.kind, 'start', e.start_at, 'end', e.end_at)
         order by e.start_at, e.entity) from post_entities e
         where e.published_at = p.published_at and e.post_id = p.post_id), '[]') as entities
     from post_keys k join posts p on p.published_at = k.published_at and p.post_id = k.post_id
     ${zoneJoin('$2')} where k.post_id = $1 and not k.deleted and p.excluded_at is null`,
    [id, zone],
  );
  if (!row) return undefined;
  const { edited_at, collected_at, model, topics_version, vendor_sentiment, explanation, entities } = row;
  return {
    ...toPost(row),
    edited_at: edited_at?.toISOString() ?? null,
    collected_at: collected_at.toISOString(),
    model,
    topics_version,
    vendor_sentiment,
    explanation,
    entities,
  };
}

function toPost(row: Row): Post {
  const value = row as unknown as Omit<Post, 'probability'> & {
    source_id: number;
    source_name: string | null;
    author_key: string | null;
    probability: number | null;
  };
  return {
    id: String(row.post_id),
    published_at: row.published_at.toISOString(),
    local: row.local,
    utc_offset: formatOffset(row.offset_minutes),
    site: value.site,
    source: { id: value.source_id, name: value.source_name ?? '' },
    kind: value.kind,
    title: value.title,
    text: value.text,
    url: value.url,
    language: value.language,
    label: value.label,
    model_label: value.model_label,
    human_label: value.human_label,
    score: value.score,
    probability: value.probability,
    topics: row.topics,
    reach: value.reach,
    thread: value.thread,
    author: value.author_key,
    revision: value.revision,
  };
}
