/**
 * What an alert rests on, read from the posts: the stretch of the alert, the same hours of day before it, excerpts. A few
 * statements, each over a whole stretch. Called by workers/alerts/evidence.ts, in its caller's transaction.
 * Try it: npx vitest run --project integration tests/integration/alerts-evidence.test.ts
 */
import type { AlertMetric, Segment, Signal } from '../contracts/alerts.ts';
import type { Label } from '../contracts/words.ts';
import { type Filters, placeholders } from './cells.ts';
import { many, one, type Queryable } from './db.ts';
import { scopePosts } from './scopeSql.ts';

/** Posts of one value of a dimension in one hour: scored ones, equal texts counted once. */
export interface ValueCell {
  dimension: Segment['dimension'];
  /** Start of the UTC hour in ms, or the local hour of day. */
  hour: number;
  /** Topic ids joined by commas, the source's id, the language. */
  value: string;
  posts: number;
  negative: number;
  positive: number;
}

/** A text for counting terms. */
export interface SampleText {
  /** Thread, else author, else the post. */
  cluster: string;
  language: string;
  text: string;
}

export interface GroupRow {
  kind: 'thread' | 'author';
  key: string;
  posts: number;
  negative: number;
  positive: number;
  post_id: number;
}

/** A post that may serve as an example. */
export interface Candidate {
  post_id: number;
  label: 'negative' | 'positive';
  text_key: string;
  author: string | null;
  /** 1 for the thread that drives the figure most, to 3; null for others. */
  driver: number | null;
  /** Within its label and driver: the most telling first. */
  place: number;
}

export interface WindowFacts {
  /** All posts; for negative posts, those. */
  posts: number;
  /** Of those that count, equal texts put together. */
  authors: number;
  threads: number;
  unsure: number | null;
  cells: ValueCell[];
  groups: GroupRow[];
  candidates: Candidate[];
  texts: SampleText[];
}

export interface WindowQuery {
  filters: Filters;
  from: Date;
  to: Date;
  metric: AlertMetric;
  signal: Signal;
  /** Only these posts; all of the scope by default. */
  ids?: readonly number[];
  /** Labels whose texts are handed back for terms, and at most how many. */
  termLabels: readonly Label[];
  texts: number;
}

const HOUR_MS = (instant: string) => `(floor(extract(epoch from ${instant}) / 3600) * 3600000)::bigint`;
const of = (label: Label) => `count(*) filter (where label = '${label}')`;
const SUMS = `count(*) as posts, ${of('negative')} as negative, ${of('positive')} as positive`;
const CLUSTER = `coalesce(s.site || E'\\n' || s.thread, s.author_key, s.post_id::text)`;
/** Beyond, a text says nothing new about its terms. */
const TEXT = `left(coalesce(p.title || E'\\n', '') || p.text, 500)`;
/** Too short to tell a reader anything. */
const TELLING = 25;

/** Topics of posts in a stretch, as one text a post; the scope's own topic is what all of them have. */
function topicSets(filters: Filters, from: string, to: string): string {
  const own = filters.topic.is.length === 1 && filters.topic.not.length === 0 ? Number(filters.topic.is[0]) : 0;
  return `select x.published_at, x.post_id, string_agg(x.topic::text, ',' order by x.topic) as topics from post_topics x
    where x.published_at >= ${from} and x.published_at < ${to} and x.topic <> ${own} group by 1, 2`;
}

/** Cells of all three dimensions in one pass over `scored`. */
const cellsOf = (hour: string, sums: string) => `
  select case grouping(topics, source_id, language) when 3 then 'topic' when 5 then 'source' else 'language' end as dimension,
    ${hour} as hour, coalesce(topics, source_id::text, language) as value, ${sums}
  from scored group by grouping sets ((${hour}, topics), (${hour}, source_id), (${hour}, language))`;

const rowsOf = (statement: string) => `(select coalesce(json_agg(row_to_json(r)), '[]') from (${statement}) r)`;

const textsOf = (labels: string, most: string) => `
  select ${CLUSTER} as cluster, p.language, ${TEXT} as text
  from (select * from scored where label = any(${labels}::label[]) order by hashint8(post_id), post_id limit ${most}) s
  join posts p on p.published_at = s.published_at and p.post_id = s.post_id order by s.post_id`;

/** How far the figure moves back without a group, up to a factor: what `driversOf` sorts by. */
function influence({ metric, signal }: WindowQuery): string {
  if (metric === 'negative_posts') return of('negative');
  if (metric !== 'net') return 'count(*)';
  const net = `(${of('positive')} - ${of('negative')})`;
  const sign = signal === 'net_down' ? 1 : -1;
  return `${sign} * (count(*) * w.net - ${net} * w.posts) / (nullif(w.posts - count(*), 0)::float8)`;
}

/** Everything about the posts of an alert, in one statement over its stretch. */
export async function readWindow(db: Queryable, query: WindowQuery): Promise<WindowFacts> {
  const { values, add } = placeholders();
  const [from, to] = [`${add(query.from)}::timestamptz`, `${add(query.to)}::timestamptz`];
  const { tables, condition, label } = scopePosts(query.filters, { from, to }, add);
  const only = query.ids ? `and p.post_id = any(${add(query.ids)}::bigint[])` : '';
  const counts = query.metric === 'negative_posts' ? `label = 'negative'` : `label <> 'not_scored'`;
  const grouped = (kind: string, columns: string, key: string) => `
    select '${kind}' as kind, ${key} as key, ${SUMS}, (array_agg(s.post_id order by s.published_at, s.post_id))[1] as post_id,
      ${columns} , row_number() over (order by ${influence(query)} desc nulls first, ${key}) as place
    from scored s cross join whole w where ${key} is not null group by ${columns}, w.posts, w.net having count(*) > 1`;
  const facts = await one<WindowFacts & Record<string, unknown>>(
    db,
    `with found as materialized (
       select ${HOUR_MS('p.published_at')} as hour, p.published_at, p.post_id, p.text_key, p.site, p.thread, p.author_key,
         p.source_id, p.language, p.probability, p.human_label is not null as by_hand, length(p.text) as size, ${label} as label
       from ${tables} where ${condition} ${only}
     ),
     scored as materialized (
       select d.*, coalesce(t.topics, '') as topics
       from (select distinct on (hour, text_key) * from found order by hour, text_key, published_at, post_id) d
       left join (${topicSets(query.filters, from, to)}) t on t.published_at = d.published_at and t.post_id = d.post_id
       where d.label <> 'not_scored'
     ),
     whole as materialized (select count(*) as posts, ${of('positive')} - ${of('negative')} as net from scored),
     threads as materialized (${grouped('thread', 's.site, s.thread', 's.thread')}),
     authors as materialized (${grouped('author', 's.author_key', 's.author_key')}),
     ranked as (
       select s.post_id, s.label, s.text_key::text, s.author_key as author, d.place as driver,
         row_number() over (partition by s.label, d.place
           order by s.size >= ${TELLING} desc, s.probability desc nulls last, s.published_at, s.post_id) as place
       from scored s left join threads d on d.site = s.site and d.thread = s.thread and d.place <= 3
       where s.label in ('negative', 'positive')
     )
     select (select count(*) from found${query.metric === 'negative_posts' ? ` where ${counts}` : ''}) as posts,
       count(distinct author_key) filter (where ${counts}) as authors,
       count(distinct site || E'\\n' || thread) filter (where ${counts}) as threads,
       (count(*) filter (where ${counts} and not by_hand and probability < 0.6))::float8
         / nullif(count(*) filter (where ${counts} and (by_hand or probability is not null)), 0) as unsure,
       ${rowsOf(cellsOf('hour', SUMS))} as cells,
       ${rowsOf(`select kind, key, posts, negative, positive, coalesce(k.post_id, g.post_id) as post_id
         from (select kind, key, posts, negative, positive, post_id, site, place from threads where place <= 12
           union all select kind, key, posts, negative, positive, post_id, null, place from authors where place <= 12) g
         left join post_keys k on g.kind = 'thread' and k.site = g.site and k.external_id = g.key and not k.deleted
           and exists (select 1 from posts p where p.published_at = k.published_at and p.post_id = k.post_id and p.excluded_at is null)
         order by kind, place`)} as groups,
       ${rowsOf('select * from ranked where place <= case when driver is null then 40 else 8 end order by label, driver, place')} as candidates,
       ${rowsOf(textsOf(add(query.termLabels), add(query.texts)))} as texts
     from scored`,
    values,
  );
  if (!facts) throw new Error('a statement without groups returned no row');
  return facts;
}

/** Of these hours, those that a scope has counted and that are complete, with their posts (scored, texts put together). */
export async function knownHours(
  db: Queryable,
  scopeId: number,
  hours: readonly Date[],
): Promise<{ hour: Date; posts: number }[]> {
  return many<{ hour: Date; posts: number }>(
    db,
    `select hour, dneg + dneu + dpos as posts from scope_hours
     where scope_id = $1 and hour = any($2::timestamptz[]) and complete order by hour desc`,
    [scopeId, hours],
  );
}

export interface BeforeHour {
  hour: Date;
  /** How much its posts count. */
  weight: number;
  /** Local hour of day. */
  local: number;
}

/** The hours before: weighted cells by local hour of day, and texts for terms. One look into the index an hour. */
export async function readBefore(
  db: Queryable,
  query: Pick<WindowQuery, 'filters' | 'termLabels' | 'texts'> & { hours: readonly BeforeHour[] },
): Promise<Pick<WindowFacts, 'cells' | 'texts'>> {
  const { filters, hours } = query;
  if (hours.length === 0) return { cells: [], texts: [] };
  const { values, add } = placeholders();
  const [from, to] = ['h.hour', `h.hour + interval '1 hour'`];
  const given = `unnest(${add(hours.map(({ hour }) => hour))}::timestamptz[], ${add(hours.map(({ weight }) => weight))}::float8[],
    ${add(hours.map(({ local }) => local))}::int[])`;
  const { tables, condition, label } = scopePosts(filters, { from, to }, add);
  const weighed = (which: Label) => `coalesce(sum(weight) filter (where label = '${which}'), 0) as ${which}`;
  const facts = await one<Pick<WindowFacts, 'cells' | 'texts'> & Record<string, unknown>>(
    db,
    `with scored as materialized (
       select h.local, h.weight, d.* from ${given} as h (hour, weight, local)
       cross join lateral (
         select d.*, coalesce(t.topics, '') as topics
         from (select distinct on (p.text_key) p.published_at, p.post_id, p.site, p.thread, p.author_key, p.source_id, p.language,
             ${label} as label
           from ${tables} where ${condition} order by p.text_key, p.published_at, p.post_id) d
         left join (${topicSets(filters, from, to)}) t on t.published_at = d.published_at and t.post_id = d.post_id
         where d.label <> 'not_scored') d
     )
     select ${rowsOf(cellsOf('local', `sum(weight) as posts, ${weighed('negative')}, ${weighed('positive')}`))} as cells,
       ${rowsOf(textsOf(add(query.termLabels), add(query.texts)))} as texts`,
    values,
  );
  return facts ?? { cells: [], texts: [] };
}

export interface StoredExcerpt {
  post_id: number;
  title: string | null;
  text: string;
  url: string | null;
  source: string;
}

/** Texts of posts; those that are gone, or excluded, are left out. */
export async function readExcerpts(db: Queryable, ids: readonly number[]): Promise<StoredExcerpt[]> {
  return many<StoredExcerpt & Record<string, unknown>>(
    db,
    `select p.post_id, p.title, left(p.text, 2000) as text, p.url, coalesce(s.name, p.site) as source
     from post_keys k join posts p on p.published_at = k.published_at and p.post_id = k.post_id
     left join sources s on s.id = p.source_id
     where k.post_id = any($1::bigint[]) and not k.deleted and p.excluded_at is null`,
    [ids],
  );
}

/** Texts of the posts of a scope in [from, to), newest first, to look for a term in. */
export async function readTexts(
  db: Queryable,
  query: { filters: Filters; from: Date; to: Date },
  most: number,
): Promise<{ post_id: number; language: string; text: string }[]> {
  const { values, add } = placeholders();
  const range = { from: `${add(query.from)}::timestamptz`, to: `${add(query.to)}::timestamptz` };
  const { tables, condition } = scopePosts(query.filters, range, add);
  return many<{ post_id: number; language: string; text: string }>(
    db,
    `select p.post_id, p.language, ${TEXT} as text from ${tables} where ${condition}
     order by p.published_at desc, p.post_id desc limit ${add(most)}`,
    values,
  );
}

/** Names of sources, by id. */
export async function sourceNames(db: Queryable, ids: readonly number[]): Promise<Map<number, string>> {
  const rows = await many<{ id: number; name: string }>(db, 'select id, name from sources where id = any($1::int[])', [
    ids,
  ]);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
