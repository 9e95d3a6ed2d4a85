/** Where the sample stands, as the setting `sample` tells it. infra/sample/load.ts and remove.ts write it. */
import { z } from 'zod';
import { AppError } from '../../shared/errors.ts';
import { type Db, type Queryable, withAdvisoryLock } from '../../shared/store/db.ts';
import { readSetting } from '../../shared/store/settings.ts';

const Plan = z.object({ now: z.iso.datetime(), seed: z.int(), days: z.int().positive() });

/** `removing` is a removal that may have been killed; after `removed` no start loads the sample by itself. */
const SampleState = z.discriminatedUnion('state', [
  Plan.extend({ state: z.literal('loading') }),
  Plan.extend({ state: z.literal('loaded') }),
  z.object({ state: z.literal('removing') }),
  z.object({ state: z.literal('removed') }),
]);
export type SampleState = z.infer<typeof SampleState>;

/** undefined: there never was one. */
export async function readSampleState(db: Queryable): Promise<SampleState | undefined> {
  const value = await readSetting(db, 'sample');
  return value === undefined ? undefined : SampleState.parse(value);
}

/** Runs one thing at a time that changes the sample. Throws AppError `conflict` while another process does. */
export async function withSampleLock<T>(db: Db, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const done = await withAdvisoryLock(db, 'sada.sample', async (lost) => ({ result: await work(lost) }));
  if (!done) throw new AppError('conflict', 'Another process is loading or removing the sample; wait until it is done');
  return done.result;
}
