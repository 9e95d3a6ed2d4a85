/**
 * Posts for the benchmarks: short texts in all varieties of the sample, with their slots filled, and the times at which
 * they were published. Repeatable: the same seed gives the same texts. Called by ingest.ts and memory.ts beside this.
 */
import { loadCorpus, VARIETIES } from '../../infra/sample/corpus.ts';
import { draw, mulberry32, pick, type Random, weighted } from '../../infra/sample/random.ts';
import { writeText } from '../../infra/sample/texts.ts';
import type { CollectedEvent } from '../../shared/contracts/collected.ts';

const HOUR_MS = 3_600_000;
/** About the length of what people write on networks. */
const LONGEST = 280;

/** `live`: published over the last 48 hours, in order. `import`: over 12 months, each batch over all of them. */
export type Shape = 'live' | 'import';
export const SHAPES: readonly Shape[] = ['live', 'import'];

/** Texts of posts and comments, the varieties mixed as in the sample. */
export function* writeTexts(seed: number): Generator<string> {
  const random = mulberry32(seed);
  const corpus = loadCorpus();
  const packs = weighted(
    Object.values(corpus).map((pack) => {
      const lines = pack.lines.filter((line) => line.kind !== 'article');
      return [{ pack, lines }, VARIETIES[pack.variety]] as const;
    }),
  );
  for (;;) {
    const chosen = draw(random, packs);
    if (!chosen) throw new Error('the sample has no lines');
    yield writeText(random, chosen.pack, pick(random, chosen.lines)).slice(0, LONGEST).toWellFormed();
  }
}

/** The same texts with words that nobody has used before, in two alphabets: names, numbers and slips of the pen. */
export function* writeNewWords(seed: number): Generator<string> {
  const random = mulberry32(seed + 1);
  for (const text of writeTexts(seed)) {
    const words = Array.from({ length: 8 }, (_, i) => newWord(random, i % 2 === 0 ? 0x61 : 0x627));
    yield `${text} ${words.join(' ')} @${newWord(random, 0x61)} https://example.ma/${newWord(random, 0x61)}`;
  }
}

function newWord(random: Random, firstLetter: number): string {
  const length = 6 + Math.floor(random() * 5);
  return String.fromCodePoint(...Array.from({ length }, () => firstLetter + Math.floor(random() * 26)));
}

/** `count` sightings of posts that differ in everything but their words, ending at `now`. */
export function makeEvents(texts: Iterator<string>, count: number, shape: Shape, now: Date): CollectedEvent[] {
  const random = mulberry32(count);
  const lengthMs = (shape === 'live' ? 48 : 365 * 24) * HOUR_MS;
  const start = now.getTime() - lengthMs;
  return Array.from({ length: count }, (_, index): CollectedEvent => {
    const position = shape === 'live' ? (index + random()) / count : random();
    const kind = random() < 0.45 ? 'comment' : 'post';
    return {
      type: 'post',
      post: {
        site: 'bench.ma',
        external_id: `bench-${index}`,
        kind,
        text: String(texts.next().value),
        published_at: new Date(start + position * lengthMs).toISOString(),
        author: `author-${Math.floor(random() ** 2 * 20_000)}`,
        url: `https://bench.ma/posts/${index}`,
        ...(kind === 'comment' ? { thread: `thread-${Math.floor(index / 12)}` } : {}),
      },
    };
  });
}
