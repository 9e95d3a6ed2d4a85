/**
 * What an alert's change is made of, by topic, source and language: finds the hours to compare with and names the parts.
 * Called by workers/alerts/evidence.ts; the arithmetic is in shared/alerts/decompose.ts.
 */
import { decompose, type HourUse, matchParts, oneTopicEach, type Part } from '../../shared/alerts/decompose.ts';
import type { AlertMetric, Segment } from '../../shared/contracts/alerts.ts';
import { HOUR_MS, offsetAt, readOffsets } from '../../shared/store/buckets.ts';
import type { Queryable } from '../../shared/store/db.ts';
import { type BeforeHour, knownHours, sourceNames, type ValueCell } from '../../shared/store/evidence.ts';
import { listTopics } from '../../shared/store/topics.ts';

/** Days before that "before" is made of. */
const BEFORE_DAYS = 28;
/** Half life of an hour's weight: the detectors' own, so that both mean the same "before". */
const HALF_LIFE_HOURS = 168;
/** More posts of before make no share more exact than is shown: then only some of its hours are read. */
const MOST_BEFORE = 12_000;

export interface Hours {
  uses: HourUse[];
  before: BeforeHour[];
  localHour: (at: number) => number;
}

/** The hours of day of the alert, and the complete hours before it that have the same, younger ones with more weight. */
export async function hoursOf(
  { db, zone }: { db: Queryable; zone: string },
  scopeId: number,
  { from, to }: { from: Date; to: Date },
  cells: readonly ValueCell[],
): Promise<Hours> {
  const first = from.getTime() - BEFORE_DAYS * 24 * HOUR_MS;
  const offsets = await readOffsets(db, zone, { from: new Date(first), to });
  const localHour = (at: number) => ((Math.floor(at / HOUR_MS + offsetAt(offsets, at) / 60) % 24) + 24) % 24;
  const uses = new Map<number, HourUse>();
  for (let at = from.getTime(); at < to.getTime(); at += HOUR_MS) {
    const use = uses.get(localHour(at)) ?? { hour: localHour(at), posts: 0, times: 0, weight: 0 };
    use.times += 1;
    uses.set(use.hour, use);
  }
  for (const cell of cells) {
    const use = cell.dimension === 'source' ? uses.get(localHour(cell.hour)) : undefined;
    if (use) use.posts += cell.posts;
  }
  const wanted: Date[] = [];
  for (let at = first; at < from.getTime(); at += HOUR_MS) if (uses.has(localHour(at))) wanted.push(new Date(at));
  const known = await knownHours(db, scopeId, wanted);
  const before = thin(known).map(({ hour }) => ({
    hour,
    weight: 2 ** ((hour.getTime() - from.getTime()) / HOUR_MS / HALF_LIFE_HOURS),
    local: localHour(hour.getTime()),
  }));
  for (const { local, weight } of before) {
    const use = uses.get(local);
    if (use) use.weight += weight;
  }
  return { uses: [...uses.values()], before, localHour };
}

/**
 * Every n-th day of each hour of day, and of the next hour of day the days beside those, so that all days and weekdays have
 * their part. No step of seven days, which would keep one weekday.
 */
function thin<T extends { hour: Date; posts: number }>(hours: readonly T[]): T[] {
  const posts = hours.reduce((sum, hour) => sum + hour.posts, 0);
  const step = Math.min(BEFORE_DAYS / 2 - 1, Math.ceil(posts / MOST_BEFORE));
  const every = step % 7 === 0 ? step + 1 : step;
  const turn = ({ hour }: T) => Math.floor(hour.getTime() / (24 * HOUR_MS)) + hour.getUTCHours();
  return step <= 1 ? [...hours] : hours.filter((hour) => turn(hour) % every === 0);
}

const DIMENSIONS = ['topic', 'source', 'language'] as const;

/** Segments of all three dimensions; those of each add up to `now − before`. */
export async function segmentsOf(
  db: Queryable,
  now: readonly ValueCell[],
  before: readonly ValueCell[],
  hours: Hours,
  metric: AlertMetric,
  change: { before: number; now: number },
): Promise<Segment[]> {
  const name = await namer(db, [...now, ...before]);
  return DIMENSIONS.flatMap((dimension) => {
    const here = (cell: ValueCell) => cell.dimension === dimension;
    const local = now.filter(here).map((cell) => ({ ...cell, hour: hours.localHour(cell.hour) }));
    const earlier = before.filter(here);
    const keyOf =
      dimension === 'topic'
        ? oneTopicEach(matchParts(earlier, local, hours.uses), { metric })
        : (value: string) => value;
    const valued = (cells: readonly ValueCell[]) => cells.map((cell) => ({ ...cell, value: keyOf(cell.value) }));
    const parts = matchParts(valued(earlier), valued(local), hours.uses);
    return decompose(
      dimension,
      parts.map((part) => ({ ...part, ...name(dimension, part.value) })),
      { metric, before: change.before, now: change.now },
    );
  });
}

/** Names are cut: people choose them, and a message has its limit. */
const NAME_LENGTH = 80;

/** Codes and names of topics, names of sources; a language is its code. */
async function namer(
  db: Queryable,
  cells: readonly ValueCell[],
): Promise<(dimension: Segment['dimension'], value: string) => Pick<Part, 'value' | 'name' | 'names'>> {
  const ids = cells.filter(({ dimension }) => dimension === 'source').map(({ value }) => Number(value));
  const sources = await sourceNames(db, [...new Set(ids)]);
  const topics = new Map((await listTopics(db)).map((topic) => [String(topic.id), topic]));
  const cut = (name: string) => name.slice(0, NAME_LENGTH);
  return (dimension, value) => {
    if (dimension === 'source') return { value, name: cut(sources.get(Number(value)) ?? value) };
    const topic = dimension === 'topic' ? topics.get(value) : undefined;
    if (!topic) return { value: dimension === 'topic' && value !== 'none' ? `topic_${value}` : value, name: value };
    const { code, names } = topic;
    const kept = (['fr', 'ar', 'en'] as const).flatMap((language) => {
      const own = names[language];
      return own === undefined ? [] : [[language, cut(own)] as const];
    });
    return { value: code, name: cut(names.en ?? names.fr ?? code), names: Object.fromEntries(kept) };
  };
}
