/**
 * What the pipeline is compared with: the bare scorer on one core, and bare inserts of the rows that it made. Both are
 * measured anew between the runs, since the machine is not the same from one minute to the next. Called by ingest.ts.
 */
import type { CollectedEvent } from '../../shared/contracts/collected.ts';
import { type Analyser, createAnalyser } from '../../shared/nlp/analyse.ts';
import { createPseudonym } from '../../shared/pseudonym.ts';
import { type Db, many, openDb, prepared } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import type { PostRow } from '../../shared/store/posts.ts';
import { prepare } from '../../workers/prepare.ts';
import { TEST_SECRET } from '../helpers/databases.ts';
import { timed } from './figures.ts';
import { CHUNK } from './pipeline.ts';
import type { Stage } from './stage.ts';

/** Texts and rows of one measurement: some seconds' worth. */
const MOST = 20_000;

/** Posts a second. */
export interface References {
  scorer: number;
  insert: number;
}

/** Makes the measurement for these posts. All are analysed once here, so that the scorer knows their words. */
export function prepareReferences(stage: Stage, events: readonly CollectedEvent[]): () => Promise<References> {
  const analyser = createAnalyser();
  const deps = { analyser, pseudonym: createPseudonym(TEST_SECRET), keepNames: false };
  const origin = { sourceId: 1, importId: 1, keep: 'all' } as const;
  const prepared = prepare(deps, origin, events, new Date());
  const rows = prepared.flatMap((item) => (item.do === 'put' ? [item.row] : [])).slice(0, MOST);
  const texts = rows.map((row) => row.text);
  return async () => ({ scorer: score(analyser, texts), insert: await insertBare(stage, rows) });
}

/** In batches, as the worker hands them over. */
function score(analyser: Analyser, texts: readonly string[]): number {
  const begun = performance.now();
  for (let start = 0; start < texts.length; start += CHUNK) {
    analyser.analyse(texts.slice(start, start + CHUNK).map((text) => ({ text })));
  }
  return (texts.length / (performance.now() - begun)) * 1_000;
}

/** By one connection: posts alone, without keys, topics, entities and sums. */
async function insertBare(stage: Stage, rows: readonly PostRow[]): Promise<number> {
  const { url, drop } = await stage.database('bench_bare');
  const db = openDb(url, { max: 1 });
  try {
    await ensurePartitions(
      db,
      rows.map((row) => row.published_at),
    );
    const sql = await insertStatement(db, rows[0]);
    const { ms } = await timed(async () => {
      for (let start = 0; start < rows.length; start += CHUNK) {
        const batch = rows.slice(start, start + CHUNK).map((row, index) => ({ ...row, post_id: start + index + 1 }));
        await prepared(db, 'bare-insert', sql, [JSON.stringify(batch)]);
      }
    });
    return (rows.length / ms) * 1_000;
  } finally {
    await db.end();
    await drop();
  }
}

async function insertStatement(db: Db, row: PostRow | undefined): Promise<string> {
  const columns = await many<{ name: string; type: string }>(
    db,
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = 'posts'::regclass and attname = any($1) order by attnum`,
    [['post_id', ...Object.keys(row ?? {})]],
  );
  const names = columns.map(({ name }) => name).join(', ');
  const types = columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  return `insert into posts (${names}) select ${names} from json_to_recordset($1::json) as r (${types})`;
}
