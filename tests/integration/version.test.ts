/** The data version follows the order of commits, whatever the order in which transactions began. */
import { inTransaction } from '../../shared/store/db.ts';
import { bumpVersion, readEvents, readVersion } from '../../shared/store/version.ts';
import { expect, test } from '../helpers/db.ts';

test('of two transactions that commit in reverse order, a reader never sees the later version before the earlier one', async ({
  db,
}) => {
  const slow = await db.connect();
  try {
    await slow.query('begin');
    await slow.query('select 1 from sources'); // it began first and has its snapshot…
    await inTransaction(db, (tx) => bumpVersion(tx, { event: 'posts', payload: { who: 'fast' } }));
    const seenByReader = await readVersion(db);
    await bumpVersion(slow, { event: 'posts', payload: { who: 'slow' } }); // …and commits last
    expect(await readVersion(db)).toBe(seenByReader);
    await slow.query('commit');
    expect(await readVersion(db)).toBe(seenByReader + 1);
    const missed = await readEvents(db, seenByReader, 10);
    expect(missed.map((event) => event.payload.who)).toEqual(['slow']);
  } finally {
    slow.release();
  }
});

test('a second writer waits for the first one’s commit, so that no version is visible with a gap before it', async ({
  db,
}) => {
  const first = await db.connect();
  try {
    await first.query('begin');
    await bumpVersion(first, { event: 'posts', payload: { who: 'first' } });
    let secondDone = false;
    const second = inTransaction(db, (tx) => bumpVersion(tx, { event: 'posts', payload: { who: 'second' } })).then(
      (version) => {
        secondDone = true;
        return version;
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(secondDone).toBe(false);
    expect(await readVersion(db)).toBe(0);
    await first.query('rollback'); // and the number of a transaction that failed is used by the next
    expect(await second).toBe(1);
    expect((await readEvents(db, 0, 10)).map((event) => event.payload.who)).toEqual(['second']);
  } finally {
    first.release();
  }
});
