/**
 * Time in Morocco, on the embedded Postgres and on the system's where there is one. Morocco left UTC+1 on 2026-09-20;
 * neither Node 20 nor the embedded Postgres knows it, so these pass only because named zones come from our own table.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { migrate } from '../../infra/migrate.ts';
import { type Db, inTransaction, many, one, openDb } from '../../shared/store/db.ts';
import { ensurePartitions } from '../../shared/store/partitions.ts';
import { movePosts } from '../../shared/store/posts.ts';
import { localDay, localTimes, postgresDifferences } from '../../shared/store/zones.ts';
import { checkInstants, nodeDifferences } from '../../shared/zones.ts';
import { aPostRow, wrongCells } from '../helpers/builders.ts';
import { createDatabase, dropDatabase, TEMPLATE, TEST_SECRET } from '../helpers/databases.ts';
import { startSystemPostgres, systemPostgres } from '../helpers/systemPostgres.ts';

const ZONE = 'Africa/Casablanca';
const SYSTEM = systemPostgres();
const SERVERS = [
  { title: 'embedded Postgres', system: false, possible: true },
  {
    title: SYSTEM ? 'system Postgres' : 'system Postgres (skipped: none in /usr/lib/postgresql)',
    system: true,
    possible: SYSTEM !== undefined,
  },
];

describe.each(SERVERS)('$title', ({ system, possible }) => {
  let db: Db;
  let close: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    if (!possible) return;
    if (system) {
      const server = await startSystemPostgres();
      db = openDb(server.url);
      close = async () => {
        await db.end();
        await server.stop();
      };
      await migrate(db, { zone: ZONE, secret: TEST_SECRET, queueHere: true });
    } else {
      db = openDb(await createDatabase(inject('serverUrl'), 'sada_time', TEMPLATE));
      close = async () => {
        await db.end();
        await dropDatabase(inject('serverUrl'), 'sada_time');
      };
    }
  });
  afterAll(() => close());

  test.skipIf(!possible).each([
    ['2025-02-23', 25],
    ['2025-04-06', 23],
    ['2026-02-15', 25],
    ['2026-03-22', 23],
    ['2026-09-20', 25],
    ['2026-11-23', 24],
  ])('T1: the local day %s has %i hours', async (day, hours) => {
    expect((await localDay(db, ZONE, day))?.hours).toBe(hours);
  });

  test.skipIf(!possible)('T2: the clock goes from 01:59:59 back to 01:00:00 on 2026-09-20', async () => {
    const instants = [new Date('2026-09-20T00:59:59Z'), new Date('2026-09-20T01:00:00Z')];
    expect(await localTimes(db, ZONE, instants)).toEqual(['2026-09-20T01:59:59', '2026-09-20T01:00:00']);
  });

  // T3 names the instants of quiet hours 22:00–08:00; what they need from the store is the local time.
  test.skipIf(!possible).each([
    ['2026-09-19T21:30:00Z', true],
    ['2026-09-20T07:30:00Z', true],
    ['2026-11-23T21:30:00Z', false],
    ['2026-11-23T22:00:00Z', true],
    ['2027-02-20T07:30:00Z', true],
  ])('T3: at %s quiet hours hold: %s', async (instant, quiet) => {
    const [local = ''] = await localTimes(db, ZONE, [new Date(instant)]);
    const hour = Number(local.slice(11, 13));
    expect(hour >= 22 || hour < 8).toBe(quiet);
  });

  test.skipIf(!possible)('T4: the check reports who is wrong about now, by 60 minutes', async () => {
    const instants = checkInstants(new Date('2026-11-23T12:00:00Z'));
    const sixty = (list: { at: Date; ours: number; theirs: number }[]) =>
      list.some((d) => d.at.getTime() === instants[0]?.getTime() && d.theirs - d.ours === 60);
    // Node before 24.21 carries data from before the change; a newer one agrees with our table.
    const nodeIsOld = (process.versions.tz ?? '') < '2026c';
    expect(sixty(nodeDifferences(ZONE, instants))).toBe(nodeIsOld);
    // The embedded server's zone data are its own and old; a system's are as new as its last upgrade.
    const says = await one<{ hours: number }>(
      db,
      `select extract(hour from timestamptz '2026-11-23T12:00:00Z' at time zone '${ZONE}')::int - 12 as hours`,
    );
    if (!system) expect(says).toEqual({ hours: 1 });
    expect(sixty(await postgresDifferences(db, ZONE, instants))).toBe(says?.hours === 1);
  });

  test.skipIf(!possible)('a post of each hour around the change falls on its own local day', async () => {
    const rows = Array.from({ length: 72 }, (_, hour) =>
      aPostRow({ published_at: new Date(Date.UTC(2026, 8, 18, 12 + hour, 30)).toISOString() }),
    );
    await ensurePartitions(
      db,
      rows.map((row) => row.published_at),
    );
    await inTransaction(db, (tx) =>
      movePosts(
        tx,
        ZONE,
        rows.map((after) => ({ op: 'insert', after })),
      ),
    );
    const days = await many<{ day: string; n: number }>(
      db,
      'select day, n from rollup_day where topic = 0 order by day',
    );
    expect(days).toEqual([
      { day: '2026-09-18', n: 11 },
      { day: '2026-09-19', n: 24 },
      { day: '2026-09-20', n: 25 },
      { day: '2026-09-21', n: 12 },
    ]);
    expect(await wrongCells(db)).toEqual([]);
  });
});
