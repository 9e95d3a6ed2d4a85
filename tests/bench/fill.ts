/**
 * Fills a database with millions of posts over the last 12 months, made in SQL, with the sums that the product would have
 * made of them and a ledger with gaps. tests/bench/read.ts calls it. About 1.2 kB a post.
 */
import { type Db, inTransaction, one, run, type Tx } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { reconcile } from '../../shared/store/reconcile.ts';
import { MEASURES, MODELS, RECOUNT } from '../../shared/store/rollupSql.ts';
import { aSource } from '../helpers/builders.ts';
import { say, ZONE } from './stage.ts';

const SOURCES = 8;
const HOUR_MS = 3_600_000;

interface Part {
  from: Date;
  to: Date;
  posts: number;
  firstId: number;
}

/**
 * $1 first id, $2 posts, $3 from, $4 to. Six languages, eight sources of very different size, the kind tied to the source
 * with a few exceptions, no topic or up to three of fifteen, the label of a topic mostly that of its post.
 */
const POSTS = `
with chance as materialized (
  select $1::bigint + i as id,
    $3::timestamptz + (i + random()) / $2::int * ($4::timestamptz - $3::timestamptz) as at,
    random() as a, random() as b, random() as c, random() as d, random() as e, random() as f, random() as g
  from generate_series(0, $2::int - 1) as i
),
made as materialized (
  select id, at, d, e, f, g,
    case when a < 0.32 then 'fr' when a < 0.52 then 'ary' when a < 0.70 then 'ar' when a < 0.86 then 'ary-Latn'
      when a < 0.95 then 'en' else 'es' end as language,
    1 + floor(${SOURCES} * b ^ 2)::int as source_id,
    (case when g < 0.04 then 'comment' else
      (array['post', 'comment', 'article', 'post', 'article', 'comment', 'post', 'repost'])[1 + floor(${SOURCES} * b ^ 2)::int]
    end)::post_kind as kind,
    (case when c < 0.1 then 'not_scored' when c < 0.4 then 'negative' when c < 0.75 then 'neutral' else 'positive' end)::label as label,
    case when c < 0.1 then null when c < 0.4 then -0.3 - d * 0.7 when c < 0.75 then d * 0.2 - 0.1 else 0.3 + d * 0.7 end as score
  from chance
),
keys as (
  insert into post_keys (post_id, site, external_id, published_at) overriding system value
  select id, 'site-' || source_id || '.ma', 'post-' || id, at from made
),
written as (
  insert into posts (post_id, published_at, site, external_id, kind, source_id, author_key, text, url, language, text_key,
    model_label, model_score, probability, model, topics_version, ingest_version)
  select id, at, 'site-' || source_id || '.ma', 'post-' || id, kind, source_id, left(md5((floor(e ^ 2 * 100000))::text), 22),
    md5(id::text) || ' ' || md5((id + 1)::text) || ' ' || md5((id + 2)::text) || ' ' || md5((id + 3)::text),
    'https://site-' || source_id || '.ma/' || id, language, hashtextextended(id::text, 0), label, score,
    case when score is null then null else 0.5 + e / 2 end, 'bench', 'bench', 1
  from made
)
insert into post_topics (post_id, published_at, topic, model_label, model_score)
select id, at, t.topic,
  case when f < 0.8 then label else 'not_scored' end, case when f < 0.8 then score end
from made, lateral (
  -- a frequent one first; the others a few further round, so that a post has no topic twice
  select (1 + (floor(15 * e ^ 1.8)::int + case n when 1 then 0 when 2 then 1 + floor(7 * f)::int else 8 + floor(7 * g)::int end) % 15)::smallint as topic
  from generate_series(1, case when d < 0.25 then 0 when d < 0.7 then 1 when d < 0.92 then 2 else 3 end) as n) t`;

const sums = MEASURES.map((m) => `sum(q.${m}) as ${m}`).join(', ');
const additions = MEASURES.map((m) => `${m} = t.${m} + excluded.${m}`).join(', ');

/** A local day may lie in two months: the second adds to it. */
function sumInto(time: 'hour' | 'day' | 'month'): string {
  return `insert into rollup_${time} as t (topic, ${time}, language, source_id, kind, ${MEASURES.join(', ')})
    select q.topic, o.${time}, q.language, q.source_id, q.kind, ${sums}
    from quarters q join offsets o on o.quarter = q.quarter group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (topic, ${time}, language, source_id, kind) do update set ${additions}`;
}

const ROLLUPS = `${RECOUNT}, ${MODELS}, hours as (${sumInto('hour')}), days as (${sumInto('day')}) ${sumInto('month')}`;

/** Fills an empty, migrated database with `posts` posts over the 12 months before `now`. Throws when the sums are wrong. */
export async function fillYear(db: Db, posts: number, now: Date): Promise<void> {
  for (let i = 1; i <= SOURCES; i++) await aSource(db, { name: `bench-${i}`, site: `site-${i}.ma` });
  const parts = splitByMonth(posts, now);
  await ensurePartitions(
    db,
    parts.map((part) => part.from.toISOString()),
  );
  for (const part of parts) {
    await inTransaction(db, (tx) => fillPart(tx, part));
    say(`read: ${part.firstId - 1 + part.posts} of ${posts} posts`);
  }
  await fillLedger(db, now);
  await run(db, `select setval(pg_get_serial_sequence('post_keys', 'post_id'), $1)`, [posts]);
  await run(db, 'vacuum (analyze)');
  await checkSums(db, posts, now);
}

function splitByMonth(posts: number, now: Date): Part[] {
  const begin = new Date(now);
  begin.setUTCFullYear(now.getUTCFullYear() - 1);
  const cuts = [begin];
  for (let at = begin; at < now; ) {
    const next = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1));
    at = next < now ? next : now;
    cuts.push(at);
  }
  const share = (at: Date) =>
    Math.round((posts * (at.getTime() - begin.getTime())) / (now.getTime() - begin.getTime()));
  return cuts.slice(1).flatMap((to, index) => {
    const from = cuts[index] ?? begin;
    const part = { from, to, posts: share(to) - share(from), firstId: share(from) + 1 };
    return part.posts > 0 ? [part] : [];
  });
}

async function fillPart(tx: Tx, part: Part): Promise<void> {
  await run(tx, `set local work_mem = '256MB'`);
  await run(tx, 'select setseed($1)', [(part.firstId % 1_000) / 1_000]);
  await run(tx, POSTS, [part.firstId, part.posts, part.from, part.to]);
  await run(tx, 'analyze post_topics');
  await run(tx, ROLLUPS, [part.from, part.to, ZONE]);
}

/** Every hour of every source, one in two hundred of them with a gap. */
async function fillLedger(db: Db, now: Date): Promise<void> {
  await run(
    db,
    `insert into source_hours (source_id, hour, state)
     select s.id, h, (case when random() < 0.005 then 'missing' else 'collected' end)::hour_state
     from sources s, generate_series(date_trunc('hour', $1::timestamptz, 'UTC') - interval '1 year',
       date_trunc('hour', $1::timestamptz, 'UTC'), interval '1 hour') as h`,
    [now],
  );
}

async function checkSums(db: Db, posts: number, now: Date): Promise<void> {
  const found = await one(
    db,
    `select (select count(*) from posts) as posts, (select count(*) from post_keys) as keys,
       (select sum(n) from rollup_hour where topic = 0)::bigint as hours, (select sum(n) from rollup_day where topic = 0)::bigint as days,
       (select sum(n) from rollup_month where topic = 0)::bigint as months,
       (select sum(n) from rollup_hour where topic > 0)::bigint - (select count(*) from post_topics) as "topicHours",
       (select sum(n) from rollup_day where topic > 0)::bigint - (select count(*) from post_topics) as "topicDays"`,
  );
  const wanted = { posts, keys: posts, hours: posts, days: posts, months: posts, topicHours: 0, topicDays: 0 };
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`the filled database is wrong: wanted ${JSON.stringify(wanted)}, found ${JSON.stringify(found)}`);
  }
  const day = (days: number) => new Date(now.getTime() - days * 24 * HOUR_MS).toISOString().slice(0, 10);
  const { checked, repaired } = await reconcile(db, ZONE, day(8), day(1));
  if (checked === 0 || repaired > 0) throw new Error(`a recount of a week repaired ${repaired} of ${checked} cells`);
}
