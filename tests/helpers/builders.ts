/** Builders give everything that a test does not care about. */
import type { CollectedEvent, CollectedPost } from '../../shared/contracts/collected.ts';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { createPseudonym } from '../../shared/pseudonym.ts';
import { type Db, inTransaction, many } from '../../shared/store/db.ts';
import type { PostRow } from '../../shared/store/posts.ts';
import { obtainSource, type SourceRow } from '../../shared/store/sources.ts';
import type { IngestDeps } from '../../workers/ingest.ts';
import { TEST_SECRET } from './databases.ts';

let counter = 0;

/** A post as a source tells it. */
export function aPost(overrides: Partial<CollectedPost> = {}): CollectedPost {
  counter += 1;
  return {
    site: 'example.ma',
    external_id: `post-${counter}`,
    kind: 'post',
    text: `The new data center in Casablanca is great, says reader ${counter}.`,
    published_at: '2026-11-20T10:15:00Z',
    ...overrides,
  };
}

/** A sighting of a post. */
export function seen(overrides: Partial<CollectedPost> = {}): CollectedEvent {
  return { type: 'post', post: aPost(overrides) };
}

/** A post as it is stored. */
export function aPostRow(overrides: Partial<PostRow> = {}): PostRow {
  counter += 1;
  return {
    site: 'example.ma',
    external_id: `row-${counter}`,
    kind: 'post',
    source_id: 1,
    import_id: null,
    published_at: '2026-11-20T10:15:00.000Z',
    edited_at: null,
    thread: null,
    author_key: null,
    author_name: null,
    title: null,
    text: `A stored post number ${counter}`,
    url: null,
    reach: null,
    language: 'en',
    language_hint: null,
    text_key: String(counter),
    revision: 1,
    model_label: 'positive',
    human_label: null,
    model_score: 0.5,
    probability: 0.8,
    model: 'test-1',
    topics_version: 'test-1',
    vendor_sentiment: null,
    explanation: null,
    excluded_at: null,
    ingest_version: 1,
    topics: [],
    entities: [],
    ...overrides,
  };
}

/** A source of any kind, made when missing. */
export function aSource(db: Db, overrides: Partial<Parameters<typeof obtainSource>[1]> = {}): Promise<SourceRow> {
  const source = {
    kind: 'push',
    name: 'test',
    site: 'example.ma',
    settings: {},
    keep: 'all',
    everyMinutes: null,
    ...overrides,
  } as const;
  return inTransaction(db, (tx) => obtainSource(tx, source));
}

const analyser = createAnalyser();

/** What ingest needs, with the real analyser. */
export function ingestDeps(db: Db): IngestDeps {
  return { db, zone: 'Africa/Casablanca', analyser, pseudonym: createPseudonym(TEST_SECRET), keepNames: false };
}

const MEASURES = 'n, scored, positive, neutral, negative, score_sum, score_sq_sum';

/**
 * Cells of the rollups that differ from a recount of the posts, written apart from the product's own recount: counts
 * each post in plain SQL. Empty when all is right.
 */
export async function wrongCells(db: Db, zone = 'Africa/Casablanca'): Promise<Record<string, unknown>[]> {
  const recount = (time: string) => `
    select topic, ${time}, language, source_id, kind, count(*)::int as n,
      count(*) filter (where label <> 'not_scored')::int as scored, count(*) filter (where label = 'positive')::int as positive,
      count(*) filter (where label = 'neutral')::int as neutral, count(*) filter (where label = 'negative')::int as negative,
      coalesce(sum(round(score * 10000)::bigint) filter (where label <> 'not_scored'), 0)::bigint as score_sum,
      coalesce(sum((round(score * 10000)::bigint) * (round(score * 10000)::bigint)) filter (where label <> 'not_scored'), 0)::bigint as score_sq_sum
    from mentions group by 1, 2, 3, 4, 5`;
  const compare = (table: string, time: string) => `
    (select '${table}' as table, * from (
      (select topic, ${time}::text, language, source_id, kind, ${MEASURES} from ${table} where n <> 0 or scored <> 0 or score_sum <> 0
       except select topic, ${time}::text, language, source_id, kind, ${MEASURES} from (${recount(time)}) a)
      union all
      (select topic, ${time}::text, language, source_id, kind, ${MEASURES} from (${recount(time)}) b
       except select topic, ${time}::text, language, source_id, kind, ${MEASURES} from ${table})) d)`;
  const cells = await many(
    db,
    `with mentions as (
       select 0::smallint as topic, p.published_at, p.language, p.source_id, p.kind, p.label, p.score,
         date_trunc('hour', p.published_at, 'UTC') as hour,
         ((p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as day,
         date_trunc('month', (p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as month
       from posts p join zone_offsets z on z.zone = $1 and z.from_at <= p.published_at and z.to_at > p.published_at
       where p.excluded_at is null
       union all
       select t.topic, p.published_at, p.language, p.source_id, p.kind, t.label, t.score,
         date_trunc('hour', p.published_at, 'UTC'),
         ((p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date,
         date_trunc('month', (p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date
       from posts p join post_topics t on t.post_id = p.post_id and t.published_at = p.published_at
       join zone_offsets z on z.zone = $1 and z.from_at <= p.published_at and z.to_at > p.published_at
       where p.excluded_at is null)
     ${compare('rollup_hour', 'hour')} union all ${compare('rollup_day', 'day')} union all ${compare('rollup_month', 'month')}`,
    [zone],
  );
  return [...cells, ...(await wrongModels(db, zone))];
}

async function wrongModels(db: Db, zone: string): Promise<Record<string, unknown>[]> {
  return many(
    db,
    `with stored as (select month::text, model, n from rollup_model where n <> 0),
     recount as (
       select date_trunc('month', (p.published_at at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date::text as month,
         p.model, count(*) as n
       from posts p join zone_offsets z on z.zone = $1 and z.from_at <= p.published_at and z.to_at > p.published_at
       where p.excluded_at is null group by 1, 2)
     select 'rollup_model' as table, * from (
       (select * from stored except select * from recount) union all (select * from recount except select * from stored)) d`,
    [zone],
  );
}
