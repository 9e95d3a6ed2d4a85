/**
 * Writes the sample: some 70,000 posts over 90 days out of a few thousand lines. Pure: the same corpus, seed, `now` and
 * number of days give the same posts with the same ids. infra/sample/load.ts stores them day by day.
 * Try it: node --import tsx -e "import('./infra/sample/generate.ts').then(async ({ generateSample: g }) => { const { loadCorpus } = await import('./infra/sample/corpus.ts'); for (const p of g(loadCorpus(), { seed: 1, now: new Date(), days: 1 })) console.log(p.text) })"
 */
import type { CollectedPost } from '../../shared/contracts/collected.ts';
import type { Corpus } from './corpus.ts';
import { generateDay } from './day.ts';
import { planDays, type SampleOptions } from './rhythm.ts';

export const SAMPLE_DAYS = 90;
export const SAMPLE_SEED = 20_260;

/** All posts of the sample, oldest first. */
export function* generateSample(corpus: Corpus, options: SampleOptions): Generator<CollectedPost> {
  for (const plan of planDays(options)) for (const { post } of generateDay(corpus, options, plan)) yield post;
}
