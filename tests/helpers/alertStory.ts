/**
 * A story for tests of alerts with whole processes: weeks of ordinary posts, then hours that turn bad and good again, one
 * after the other. And what the database says of it at the end, without what may differ from run to run: times, ids, attempts.
 */
import { createHash } from 'node:crypto';
import { type Db, many } from '../../shared/store/db.ts';
import { randomOf } from './alertWorld.ts';

export const HOUR_MS = 3_600_000;
/** Two weeks are learned from; the rest is to spare. */
const HISTORY_HOURS = 15 * 24;

/** Posts of an hour by label. */
interface Mood {
  negative: number;
  neutral: number;
  positive: number;
}
const USUAL: Mood = { negative: 2, neutral: 9, positive: 5 };
const WORSE: Mood = { negative: 12, neutral: 6, positive: 4 };
const BAD: Mood = { negative: 34, neutral: 8, positive: 2 };

/** The hours that pass under the eyes of the rules. */
export const STORY: readonly Mood[] = [
  USUAL,
  WORSE,
  ...Array<Mood>(5).fill(BAD),
  ...Array<Mood>(10).fill({ negative: 3, neutral: 13, positive: 8 }),
];

export interface StoryPost {
  site: string;
  external_id: string;
  text: string;
  published_at: string;
}

const TEXTS: Record<keyof Mood, string> = {
  negative: 'The water cut is a terrible failure',
  neutral: 'The data center in Rabat opens on Monday',
  positive: 'The new data center in Casablanca is great',
};

/** The posts of the hour that begins `at`; the same for the same place in the story. */
export function postsOf(at: number, place: number, mood: Mood): StoryPost[] {
  return (Object.keys(TEXTS) as (keyof Mood)[]).flatMap((label) =>
    Array.from({ length: mood[label] }, (_, nth) => {
      const id = `${place}-${label}-${nth}`;
      const word = createHash('sha256').update(id).digest('hex').slice(0, 8);
      const published_at = new Date(at + ((nth * 83_000) % HOUR_MS)).toISOString();
      return { site: 'story.ma', external_id: id, text: `${TEXTS[label]}, says ${word}.`, published_at };
    }),
  );
}

/** The ordinary posts before `base`. */
export function history(base: number): StoryPost[] {
  const random = randomOf(11);
  return Array.from({ length: HISTORY_HOURS }, (_, index) => {
    const more = {
      negative: random() < 0.4 ? -1 : 0,
      neutral: Math.floor(random() * 5) - 2,
      positive: Math.floor(random() * 4) - 1,
    };
    const mood = { negative: 2 + more.negative, neutral: 9 + more.neutral, positive: 5 + more.positive };
    return postsOf(base - (HISTORY_HOURS - index) * HOUR_MS, index - HISTORY_HOURS, mood);
  }).flat();
}

export interface Outcome {
  alerts: unknown[];
  events: unknown[];
  decisions: unknown[];
  deliveries: unknown[];
}

/** What two runs of the story have in common. `until`: the first hour that is no part of it. */
export async function outcomeOf(db: Db, until: Date): Promise<Outcome> {
  const names = await namesOfPosts(db);
  return {
    alerts: (
      await many(
        db,
        `select r.name, a.signal, a.dedup_key, a.state, a.severity, a.mode, a.started_at, a.fired_at, a.resolved_at, a.resolution,
           p.dedup_key as parent, a.evidence
         from alerts a join alert_rules r on r.id = a.rule_id left join alerts p on p.id = a.parent_id order by a.dedup_key`,
      )
    ).map((row) => withNames(row, names)),
    events: await many(
      db,
      `select a.dedup_key, e.seq, e.type, e.hour, e.body - 'alert_id' as body, e.by_whom
       from alert_events e join alerts a on a.id = e.alert_id order by a.dedup_key, e.seq`,
    ),
    decisions: await many(
      db,
      `select r.name, d.version, d.hour, d.revision, d.outcome from alert_decisions d join alert_rules r on r.id = d.rule_id
       where d.hour < $1 order by r.name, d.version, d.hour, d.revision`,
      [until],
    ),
    // What went out in the place of another one told of that one, too.
    deliveries: await many(
      db,
      `select c.name, coalesce(a.dedup_key, '') as alert, d.seq, d.message ->> 'type' as type,
         case d.state when 'replaced' then (select b.state::text from deliveries b where b.id = (d.receipt ->> 'in')::uuid) else d.state::text end as state
       from deliveries d join channels c on c.id = d.channel_id left join alerts a on a.id = d.alert_id order by 1, 2, 3, 4`,
    ),
  };
}

async function namesOfPosts(db: Db): Promise<Map<string, string>> {
  const rows = await many<{ post_id: number; external_id: string }>(db, 'select post_id, external_id from posts');
  return new Map(rows.map(({ post_id, external_id }) => [String(post_id), external_id]));
}

/** Ids of posts come from a sequence, which a killed transaction uses up, too. */
function withNames(row: unknown, names: ReadonlyMap<string, string>): unknown {
  const named = (key: string, value: unknown): unknown => {
    if (key === 'post_id' && typeof value === 'string') return names.get(value);
    if ((key === 'negative' || key === 'positive') && Array.isArray(value))
      return value.map((id) => names.get(String(id)));
    return value;
  };
  return JSON.parse(JSON.stringify(row, named));
}
