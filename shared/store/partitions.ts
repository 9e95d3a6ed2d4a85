/**
 * Monthly partitions of posts, post_topics and post_entities, made before a batch needs them.
 * shared/store/posts.ts calls ensurePartitions; the nightly retention calls dropMonth.
 */
import { type Db, inTransaction, many, one, type Queryable, run, type Tx } from './db.ts';

const PARENTS = ['posts', 'post_topics', 'post_entities'] as const;

/** Months known to exist, per pool: asking the catalogue for every batch would cost more than the batch. */
const known = new WeakMap<Db, Set<string>>();

/** First day of the UTC month of an instant, as 'YYYY-MM-01'. */
export function monthOf(at: Date | string): string {
  return `${new Date(at).toISOString().slice(0, 7)}-01`;
}

/** Makes the partitions that these instants need. Several processes may race: a lock makes one of them do it. */
export async function ensurePartitions(db: Db, instants: readonly string[]): Promise<void> {
  const seen = known.get(db) ?? new Set<string>();
  known.set(db, seen);
  const missing = [...new Set(instants.map(monthOf))].filter((month) => !seen.has(month));
  if (missing.length === 0) return;
  await inTransaction(db, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.partitions', 0))`);
    for (const month of missing.toSorted()) {
      for (const parent of PARENTS) await makePartition(tx, parent, month);
    }
  });
  for (const month of missing) seen.add(month);
}

/** Forgets what was known: after another process dropped a month, an insert says "no partition" and comes here. */
export function forgetPartitions(db: Db): void {
  known.delete(db);
}

function partitionName(parent: string, month: string): string {
  return `${parent}_${month.slice(0, 4)}_${month.slice(5, 7)}`;
}

async function makePartition(tx: Tx, parent: string, month: string): Promise<void> {
  const name = partitionName(parent, month);
  const exists = await one(tx, 'select 1 from pg_class where oid = to_regclass($1)', [name]);
  if (exists) return;
  const start = new Date(`${month}T00:00:00Z`);
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1));
  // Attach locks the parent less than "create … partition of" does: readers and writers of other months go on.
  await tx.query(`create table ${name} (like ${parent} including defaults including generated including constraints)`);
  await tx.query(
    `alter table ${parent} attach partition ${name}
     for values from ('${start.toISOString()}') to ('${end.toISOString()}')`,
  );
}

/** The months that have a partition, oldest first, as 'YYYY-MM-01'. */
export async function listMonths(db: Queryable): Promise<string[]> {
  const rows = await many<{ name: string }>(
    db,
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'posts'::regclass order by 1`,
  );
  return rows.map((row) => `${row.name.slice(-7, -3)}-${row.name.slice(-2)}-01`);
}

/** Removes a month's posts, never its numbers: rollups stay and the month is noted as no longer countable. */
export async function dropMonth(db: Db, month: string): Promise<number> {
  const posts = await inTransaction(db, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('sada.partitions', 0))`);
    const name = partitionName('posts', month);
    const exists = await one(tx, 'select 1 from pg_class where oid = to_regclass($1)', [name]);
    if (!exists) return 0;
    const row = await one<{ n: number }>(tx, `select count(*) as n from ${name}`);
    await run(tx, `delete from post_sources s using ${name} p where s.post_id = p.post_id`);
    await run(tx, `delete from post_revisions r using ${name} p where r.post_id = p.post_id`);
    for (const parent of PARENTS) await tx.query(`drop table if exists ${partitionName(parent, month)}`);
    await run(
      tx,
      `insert into expired_months (month, posts) values ($1, $2)
       on conflict (month) do update set posts = expired_months.posts + excluded.posts, expired_at = now()`,
      [month, row?.n ?? 0],
    );
    return row?.n ?? 0;
  });
  forgetPartitions(db);
  return posts;
}
