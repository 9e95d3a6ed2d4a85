/**
 * How fast the analyser is beside stock wink-nlp, whether its memory stays flat, how long it takes to be ready.
 * Called by run.ts: `npm run bench -- --only nlp`.
 *
 * The stream is the project's own posts in all six varieties, mixed. Half of them are read first, by both; the other half,
 * which neither has seen, is measured in short turns of one and the other, so that both meet the same machine. Every post
 * is then measured again as known. What counts is the ratio.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import stock from 'wink-eng-lite-web-model';
import winkNLP from 'wink-nlp';
import { ownPosts } from '../../infra/train/data.ts';
import { randomFrom, shuffle } from '../../infra/train/fit.ts';
import { expectShortLives } from '../../shared/heap.ts';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { LANGUAGES } from '../../shared/nlp/groups.ts';
import { percentile, round } from './figures.ts';

const TURN = 250;
const BATCH = 250;

interface Sizes {
  /** Posts of the memory run. */
  readonly posts: number;
}

export async function benchNlp({ posts }: Sizes): Promise<Record<string, unknown>> {
  expectShortLives();
  const texts = shuffle(
    LANGUAGES.flatMap((language) => ownPosts(language)).map(({ text }) => text),
    randomFrom(5),
  );
  return { speed: benchSpeed(texts), memory: benchMemory(texts, posts), start: await benchReady() };
}

function benchSpeed(texts: readonly string[]): Record<string, unknown> {
  const analyser = createAnalyser();
  const english = winkNLP(stock, ['sbd', 'negation', 'sentiment']);
  const half = Math.floor(texts.length / 2);
  const ours = (part: readonly string[]): void => void analyser.analyse(part.map((text) => ({ text })));
  const reference = (part: readonly string[]): void => {
    for (const text of part) english.readDoc(text).out(english.its.sentiment);
  };
  for (let at = 0; at < half; at += TURN) {
    ours(texts.slice(at, at + TURN));
    reference(texts.slice(at, at + TURN));
  }
  const turns = (from: number, to: number) => {
    const ratios: number[] = [];
    let [oursMs, referenceMs, count] = [0, 0, 0];
    for (let at = from; at + TURN <= to; at += TURN) {
      const part = texts.slice(at, at + TURN);
      const [own, other] = [time(() => ours(part)), time(() => reference(part))];
      ratios.push(other / own);
      oursMs += own;
      referenceMs += other;
      count += part.length;
    }
    return {
      postsPerSecond: round((count / oursMs) * 1_000),
      stockPostsPerSecond: round((count / referenceMs) * 1_000),
      ratio: round(referenceMs / oursMs),
      medianRatio: round(percentile(ratios, 0.5)),
    };
  };
  const length = round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
  const unseen = turns(half, texts.length);
  return { posts: texts.length, meanLength: length, unseen, known: turns(half, texts.length) };
}

const time = (work: () => void): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

/** Heap in use at ten points of a long stream in which each post brings a new word. */
function benchMemory(texts: readonly string[], posts: number): Record<string, unknown> {
  const analyser = createAnalyser();
  const heaps: number[] = [];
  for (let done = 0; done < posts; done += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => ({
      text: `${texts[(done + i) % texts.length] ?? ''} @u${(done + i).toString(36)} n${done + i}x`,
    }));
    analyser.analyse(batch);
    if ((done + BATCH) % (posts / 10) < BATCH) heaps.push(heapMegabytes());
  }
  const later = heaps.slice(3);
  return { posts, heapMegabytes: heaps, growthMegabytes: round(Math.max(...later) - Math.min(...later)) };
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapMegabytes(): number {
  collectGarbage();
  return round(process.memoryUsage().heapUsed / 1_048_576);
}

const READY = `
const from = performance.now();
const { createAnalyser } = await import('./shared/nlp/analyse.ts');
const loaded = performance.now();
const analyser = createAnalyser();
const made = performance.now();
analyser.analyse(['Merci bravo', 'شكرا جزيلا لكم', 'هادشي زوين بزاف', 'hadchi zwin bzaf', 'well done all', 'muchas gracias a todos'].map((text) => ({ text })));
console.log(JSON.stringify({ code: loaded - from, made: made - loaded, allLanguages: performance.now() - made }));
`;

/** Milliseconds in a process of its own: to load the code, to make an analyser, to have loaded all languages. */
async function benchReady(): Promise<Record<string, unknown>> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < 3; run += 1) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', READY],
      { cwd: root },
    );
    runs.push(JSON.parse(stdout) as Record<string, number>);
  }
  return Object.fromEntries(
    ['code', 'made', 'allLanguages'].map((key) => [
      `${key}Ms`,
      round(
        percentile(
          runs.map((run) => run[key] ?? 0),
          0.5,
        ),
      ),
    ]),
  );
}
