/**
 * Which posts belong to a scope, and what one of its hours holds, as parts of statements. shared/store/scopeHours.ts counts
 * with them; evidence and terms find their posts by `scopePosts`. Pure: nothing here runs a statement.
 */
import type { RuleBody } from '../contracts/alerts.ts';
import { conditions, countsFromPosts, type Filters, topicConditions } from './cells.ts';

/** A filter as rules say it: topics by code, labels left out. */
export type ScopeFilter = RuleBody['scope'];

type Add = (value: unknown) => string;

/** A repost is amplification and no opinion: it counts only where the filter names it. */
function opinions(filters: Filters): Filters {
  const { is, not } = filters.kind;
  return is.length > 0 ? filters : { ...filters, kind: { is, not: [...not, 'repost'] } };
}

/** The topic whose own label counts; undefined when the post's does. */
function onlyTopic(filters: Filters): number | undefined {
  return countsFromPosts(filters) ? undefined : filters.topic.is[0];
}

export interface ScopePosts {
  /** After `from`: posts as `p`. */
  tables: string;
  /** After `where`. */
  condition: string;
  /** The label that counts. */
  label: string;
}

/**
 * The posts of a scope published in [from, to), which are places of instants or expressions. With exactly one topic the
 * label is that topic's, as everywhere; several topics or excluded ones take the post's own.
 */
export function scopePosts(given: Filters, { from, to }: { from: string; to: string }, add: Add): ScopePosts {
  const filters = opinions(given);
  const topic = onlyTopic(filters);
  const within = (alias: string) => `${alias}.published_at >= ${from} and ${alias}.published_at < ${to}`;
  const posts = `${within('p')} and p.excluded_at is null${conditions(filters, 'p', add)}`;
  if (topic === undefined) {
    return { tables: 'posts p', condition: posts + topicConditions(filters, from, to, add), label: 'p.label' };
  }
  return {
    tables: 'posts p join post_topics t on t.published_at = p.published_at and t.post_id = p.post_id',
    condition: `t.topic = ${Number(topic)} and ${within('t')} and ${posts}`,
    label: 't.label',
  };
}

/**
 * Which rows of a rollup, aliased r, are the scope's. With several topics or excluded ones they are near it and not
 * exactly it: good enough for shares of sources and for first hours.
 */
export function scopeRollups(given: Filters, add: Add): string {
  const filters = opinions(given);
  const [first = 0, ...more] = filters.topic.is;
  // One topic as a number of its own: then the rollup's key gives hours in order.
  const topic = more.length > 0 ? `r.topic = any(${add([first, ...more])}::smallint[])` : `r.topic = ${Number(first)}`;
  return `${topic}${conditions(filters, 'r', add)}`;
}

/** A source matters to a scope when it brought at least this share of its posts in the days before. */
const MATTERS = 0.05;
const MATTERS_DAYS = 14;
const HOUR_OF = (instant: string) => `date_bin('1 hour', ${instant}, timestamptz '2000-01-01 00:00:00+00')`;
const DAY_OF = (instant: string) => `((${instant})::timestamptz at time zone 'UTC')::date`;

/**
 * `gaps`: the hours in [from, to) in which an active source that matters is not known to be collected. Two ways: the
 * ledger says so, as charts show it; or the visit that should have told of the hour is still to come. A chart can be
 * drawn again, an alert is sent once, so it waits for the visit. What is never visited, imports and pushes, is complete.
 */
export function gapParts(filters: Filters, { from, to }: { from: string; to: string }, add: Add): string {
  const sources = { ...filters, language: { is: [], not: [] }, kind: { is: [], not: [] } };
  return `
  visits as materialized (
    -- up to when the last good visit told; a source asked rarely is only behind once its next visit is due
    select s.id as source_id, case when st.failures > 0 then st.last_success_at else greatest(st.last_success_at,
      greatest(st.last_success_at + make_interval(mins => s.every_minutes), st.not_before) - interval '1 hour') end as told
    from sources s join source_state st on st.source_id = s.id
    where s.state = 'active' and s.every_minutes is not null and st.last_success_at is not null
  ),
  gap_hours as materialized (
    select h.source_id, h.hour from source_hours h join sources s on s.id = h.source_id and s.state = 'active'
    where h.state <> 'collected' and h.hour >= ${from} and h.hour < ${to}${conditions(sources, 'h', add)}
    union all
    select v.source_id, g.hour from visits v
    cross join lateral generate_series(greatest(${HOUR_OF('v.told')}, ${from}), ${to} - interval '1 hour', interval '1 hour') as g (hour)
    where not exists (select 1 from source_hours h where h.source_id = v.source_id and h.hour = g.hour)${conditions(sources, 'v', add)}
  ),
  brought as materialized (
    select r.day, r.source_id, sum(r.n) as n from rollup_day r
    where exists (select 1 from gap_hours) and ${scopeRollups(filters, add)}
      and r.day >= ${DAY_OF(from)} - ${MATTERS_DAYS} and r.day < ${DAY_OF(`${to} - interval '1 hour'`)}
    group by 1, 2
  ),
  shares as (
    select g.day, b.source_id, sum(b.n) as n, sum(sum(b.n)) over (partition by g.day) as total
    from (select distinct ${DAY_OF('hour')} as day from gap_hours) g
    join brought b on b.day >= g.day - ${MATTERS_DAYS} and b.day < g.day
    group by 1, 2
  ),
  gaps as materialized (
    select distinct h.hour from gap_hours h join shares s on s.source_id = h.source_id and s.day = ${DAY_OF('h.hour')}
    where s.n > 0 and s.n >= ${MATTERS} * s.total
  )`;
}

/** Hours whose posts retention removed keep their figures: what is left there is not all that was counted. */
export const WHOLE_HOUR = (hour: string) => `not exists (select 1 from expired_months m
  where ${hour} >= m.month::timestamp at time zone 'UTC' and ${hour} < (m.month + interval '1 month') at time zone 'UTC')`;

const count = (condition: string) => `count(*) filter (where ${condition})`;
const LABELS = [
  ['neg', 'negative'],
  ['neu', 'neutral'],
  ['pos', 'positive'],
] as const;
const labels = (prefix: string) =>
  LABELS.map(([name, label]) => `${count(`label = '${label}'`)} as ${prefix}${name}`).join(', ');

/**
 * `counted`: one row for each hour of [from, to) that still has its posts. Equal texts count once an hour, by the label
 * of the earliest; d*, c, authors and threads are over those that have a score. c is the sum of squares of the posts of
 * each thread, else author, else of the post alone.
 */
export function countParts(filters: Filters, range: { from: string; to: string }, add: Add): string {
  const { tables, condition, label } = scopePosts(filters, range, add);
  return `
  found as materialized (
    select ${HOUR_OF('p.published_at')} as hour, p.post_id, p.published_at, p.text_key, p.author_key,
      case when p.thread is not null then p.site || E'\\n' || p.thread end as thread, ${label} as label
    from ${tables} where ${condition}
  ),
  raw as (
    select hour, count(*) as n, ${count(`label <> 'not_scored'`)} as scored, ${labels('')} from found group by 1
  ),
  put_together as materialized (
    select distinct on (hour, text_key) * from found order by hour, text_key, published_at, post_id
  ),
  put_sums as (
    select hour, ${labels('d')}, count(distinct author_key) as authors, count(distinct thread) as threads
    from put_together where label <> 'not_scored' group by 1
  ),
  clusters as (
    select hour, count(*) as n from put_together where label <> 'not_scored'
    group by hour, thread, case when thread is null then author_key end, case when thread is null and author_key is null then post_id end
  ),
  cluster_sums as (select hour, sum(n * n) as c from clusters group by 1),
  counted as (
    select g.hour, ${COUNTS.map((name) => `coalesce(${name}, 0) as ${name}`).join(', ')},
      g.hour not in (select hour from gaps) as complete
    from generate_series(${range.from}, ${range.to} - interval '1 hour', interval '1 hour') as g (hour)
    left join raw on raw.hour = g.hour left join put_sums on put_sums.hour = g.hour
    left join cluster_sums on cluster_sums.hour = g.hour
    where ${WHOLE_HOUR('g.hour')}
  )`;
}

/** The figures of an hour, in the order of its table. */
export const COUNTS = ['n', 'scored', 'neg', 'neu', 'pos', 'dneg', 'dneu', 'dpos', 'c', 'authors', 'threads'] as const;
