/**
 * `sada demo` loads the sample anew with its alerts, `sada live` removes both and starts the default Moroccan feeds and
 * rules. infra/cli.ts registers both. Try it: npx sada demo
 */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { siteOf } from '../../shared/site.ts';
import { type Db, inTransaction } from '../../shared/store/db.ts';
import { createSource, findSourceByName, listSources } from '../../shared/store/sources.ts';
import { bumpVersion } from '../../shared/store/version.ts';
import type { Context, OpenContext } from '../context.ts';
import { makeDefaultRules, replayRules } from '../sample/alerts.ts';
import { loadSample } from '../sample/load.ts';
import { removeSample } from '../sample/remove.ts';
import { readSampleState } from '../sample/state.ts';

const CATALOGUE = new URL('../catalogue.json', import.meta.url);
const FEED_EVERY_MINUTES = 15;

/** A feed of infra/catalogue.json; `default` ones are started by `sada live`. */
const Catalogue = z.array(
  z.object({
    name: z.string().min(1),
    url: z.url({ protocol: /^https?$/ }),
    site: z.string().min(1),
    default: z.boolean(),
  }),
);
type CatalogueFeed = z.infer<typeof Catalogue>[number];

/** A load that began longer ago than this is not worth going on with: its last day is no longer today. */
const GO_ON_WITHIN_MS = 12 * 3_600_000;

/** Adds `sada demo` and `sada live`. */
export function registerDemo(program: Command, open: OpenContext): void {
  program
    .command('demo')
    .description('load the sample posts anew, with the alerts of that time; go on with a load that was cut')
    .option(
      '--quiet',
      'as the first start does: never over a sample that is loaded or was removed, without progress',
      false,
    )
    .action(({ quiet }: { quiet: boolean }) => withContext(open, (context, signal) => demo(context, signal, quiet)));
  program
    .command('live')
    .description('remove the sample with its alerts, start the default Moroccan feeds and rules')
    .action(() => withContext(open, live));
}

/** Ctrl-C ends the work at a commit, so that a Postgres started for the command is stopped as it should be. */
async function withContext(
  open: OpenContext,
  work: (context: Context, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const context = await open();
  try {
    await work(context, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error('Stopped; the same command goes on.');
    process.exitCode = 130;
  } finally {
    await context.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function demo({ db, zone, log, ingestDeps }: Context, signal: AbortSignal, quiet: boolean): Promise<void> {
  const state = await readSampleState(db);
  if (quiet && state && state.state !== 'loading') return;
  const goOn = state?.state === 'loading' && (quiet || Date.now() - Date.parse(state.now) < GO_ON_WITHIN_MS);
  const { posts: old } = goOn ? { posts: 0 } : await removeSample(db, zone, signal);
  if (old > 0) console.log(`Removed ${count(old)} older sample posts.`);
  const began = performance.now();
  const elapsed = () => ((performance.now() - began) / 1000).toFixed(1);
  let seconds = '';
  let made = { rules: 0, alerts: 0 };
  const { model } = ingestDeps.analyser;
  const { posts } = await loadSample(ingestDeps, {
    now: new Date(),
    signal,
    async finish(now, isStopped) {
      seconds = elapsed();
      made = await replayRules({ db, log, zone, model }, now, isStopped);
    },
    ...(quiet ? {} : { onProgress: tenths() }),
  });
  console.log(
    `Loaded ${count(posts)} sample posts of the last 90 days in ${seconds} s. All are invented; \`sada live\` removes them.`,
  );
  console.log(
    `${made.rules} rules watched over them: ${made.alerts} alerts, marked as sample, of which nobody is told. ${elapsed()} s in all.`,
  );
}

/** A line at each tenth. */
function tenths(): (done: number, total: number) => void {
  let said = 0;
  return (done, total) => {
    const tenth = Math.floor((done / total) * 10);
    if (tenth > said && tenth < 10) console.log(`  ${tenth * 10} % of ${count(total)} posts`);
    said = tenth;
  };
}

async function live({ db, zone }: Context, signal: AbortSignal): Promise<void> {
  const feeds = await readCatalogue();
  const { posts } = await removeSample(db, zone, signal);
  const { added, known } = await addFeeds(db, feeds);
  const rules = await makeDefaultRules(db, zone, new Date());
  const parts = [
    posts > 0 ? `Removed ${count(posts)} sample posts.` : 'There was no sample to remove.',
    added.length > 0
      ? `Added ${added.length} feeds, read every ${FEED_EVERY_MINUTES} minutes: ${added.join(', ')}.`
      : 'Added no feed.',
    ...(known > 0 ? [`${known} of the default feeds were there already.`] : []),
    ...(rules.length > 0
      ? [`Made ${rules.length} rules, which learn for two weeks: ${rules.join(', ')}. Give them a channel to be told.`]
      : []),
  ];
  console.log(parts.join('\n'));
}

/** The feeds of the catalogue that are started by default. Throws when the file is missing or wrong. */
export async function readCatalogue(file: URL = CATALOGUE): Promise<CatalogueFeed[]> {
  return Catalogue.parse(JSON.parse(await readFile(file, 'utf8'))).filter((feed) => feed.default);
}

/** Adds feeds as sources, but for those whose name or address is there. Returns the names added and how many were known. */
export async function addFeeds(db: Db, feeds: readonly CatalogueFeed[]): Promise<{ added: string[]; known: number }> {
  return inTransaction(db, async (tx) => {
    const urls = new Set((await listSources(tx)).map((source) => source.settings.url));
    const added: string[] = [];
    for (const { name, url, site } of feeds) {
      if (urls.has(url) || (await findSourceByName(tx, name))) continue;
      const made = await createSource(tx, {
        kind: 'feed',
        name,
        site: siteOf(url) ?? site,
        settings: { url },
        keep: 'matching',
        everyMinutes: FEED_EVERY_MINUTES,
      });
      added.push(name);
      await bumpVersion(tx, { event: 'source', payload: { source_id: made.id } });
    }
    return { added, known: feeds.length - added.length };
  });
}

const count = (n: number): string => n.toLocaleString('en-GB');
