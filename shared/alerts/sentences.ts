/**
 * One sentence or two, and a title, for every event of an alert in French, Arabic and English. Called by
 * shared/alerts/message.ts. Pure: the same figures give the same words. How a language says it is in words/.
 * Try it: npx vitest run --project unit tests/unit/alerts-sentences.test.ts
 */
import {
  type AlertMessage,
  type Evidence,
  MESSAGE_LANGUAGES,
  type MessageLanguage,
  type Resolution,
  type Segment,
  type Signal,
} from '../contracts/alerts.ts';
import { ar } from './words/ar.ts';
import { en } from './words/en.ts';
import { type After, type Facts, isFall, type MessageType, type Phrases } from './words/facts.ts';
import { fr } from './words/fr.ts';
import { localTime } from './words/numbers.ts';

export type { MessageType } from './words/facts.ts';

const PHRASES: Record<MessageLanguage, Phrases> = { fr, ar, en };

/** Numbers with their nouns, and names of languages, as the sentences have them. */
export const nounsOf = (language: MessageLanguage): Phrases['nouns'] => PHRASES[language].nouns;

/** In what order an event is told. `later` asks for the figures after the alarm, `end` gives them if there are any. */
type Piece = 'lead' | 'moved' | 'top' | 'driven' | 'unsure' | 'later' | 'end';
const TOLD: Record<MessageType, readonly Piece[]> = {
  fired: ['moved', 'top', 'driven', 'unsure'],
  escalated: ['lead', 'moved', 'top', 'driven', 'unsure'],
  follow_up: ['later'],
  repeated: ['lead', 'moved', 'end'],
  joined: ['lead', 'moved'],
  recovering: ['lead'],
  resolved: ['lead', 'end'],
  rebased: ['lead', 'end'],
  revised: ['lead'],
  unacknowledged: ['lead', 'moved', 'top', 'driven', 'unsure'],
  acknowledged: ['lead'],
  snoozed: ['lead'],
  note: ['lead'],
  verdict: ['lead'],
  no_data: ['lead'],
  data_back: ['lead'],
  test: ['lead'],
};

export interface Told {
  type: MessageType;
  rule: string;
  signal: Signal | null;
  resolution: Resolution | null;
  evidence: Evidence | null;
  after: AlertMessage['after'];
  /** Minutes east of UTC at the place of the reader: no named zone is asked. */
  offsetMinutes: number;
}

/** Title and sentence of an event in each language. Never empty; throws RangeError on figures that are no numbers. */
export function tell(told: Told): Pick<AlertMessage, 'title' | 'sentence'> {
  const facts = toFacts(told);
  const inEach = (say: (phrases: Phrases) => string) =>
    Object.fromEntries(MESSAGE_LANGUAGES.map((language) => [language, say(PHRASES[language])])) as Record<
      MessageLanguage,
      string
    >;
  return {
    title: inEach((phrases) => phrases.title(facts.rule, phrases.headline(told.type, facts))),
    sentence: inEach((phrases) => sentenceOf(phrases, told.type, facts)),
  };
}

function sentenceOf(phrases: Phrases, type: MessageType, facts: Facts): string {
  const say: Record<Piece, () => string> = {
    lead: () => phrases.lead(type, facts),
    moved: () => phrases.moved(facts),
    top: () => phrases.top(facts),
    driven: () => phrases.driven(facts),
    unsure: () => (facts.unsure ? phrases.unsure() : ''),
    later: () => phrases.after(facts, true),
    end: () => phrases.after(facts, false),
  };
  const said = TOLD[type].map((piece) => say[piece]()).filter((part) => part !== '');
  return said.length > 0 ? said.join(' ') : phrases.lead('fired', facts);
}

function toFacts({ rule, signal, resolution, evidence, after, offsetMinutes }: Told): Facts {
  const which = evidence?.signal ?? signal;
  return {
    rule,
    signal: which,
    figures: evidence && {
      before: evidence.before,
      now: evidence.now,
      low: evidence.low,
      high: evidence.high,
      hours: Math.max(1, evidence.hours),
      // A term is weighed by threads or authors, several posts of one being one; what is told beside authors is posts.
      posts: evidence.signal === 'term' ? evidence.posts : evidence.distinct_posts,
      authors: evidence.authors,
      start: localTime(evidence.started_at, offsetMinutes),
      term: evidence.signal === 'term' ? (evidence.terms[0]?.term ?? null) : null,
    },
    chance: evidence?.chance ?? { kind: 'unknown' },
    top: evidence && topSegment(evidence),
    driven: evidence?.driven_by_one ?? null,
    unsure: (evidence?.unsure ?? 0) > 0.5,
    after: after && { ...after, verdict: verdictOf(after, evidence?.before, which) },
    resolution,
  };
}

/** Whether the change is still there, judged by the whole interval; without a level to compare with nobody knows. */
function verdictOf(
  { now, low, high }: NonNullable<AlertMessage['after']>,
  before: number | undefined,
  signal: Signal | null,
): After['verdict'] {
  if (before === undefined) return 'unclear';
  if (isFall(signal)) return high < before ? 'holds' : now < before ? 'unclear' : 'back';
  return low > before ? 'holds' : now > before ? 'unclear' : 'back';
}

/** Least share of the change that is worth a sentence. */
const LEAST_SHARE = 0.3;
/** And by how much it must exceed the segment's share of the posts before: what is large explains much anyway. */
const LEAST_EXCESS = 0.15;

function topSegment({ segments, before, now }: Evidence): Facts['top'] {
  const change = now - before;
  if (change === 0) return null;
  for (const dimension of ['topic', 'source', 'language'] as const) {
    const all = segments.filter((segment) => segment.dimension === dimension);
    const best = bestOf(all, change);
    if (best) return { dimension, ...best };
  }
  return null;
}

function bestOf(segments: readonly Segment[], change: number): { segment: Segment; share: number } | null {
  if (segments.length < 2) return null;
  const posts = segments.reduce((sum, segment) => sum + segment.posts_before, 0);
  const sized = segments
    .filter(({ value }) => value !== 'none' && value !== 'other')
    .map((segment) => ({
      segment,
      share: (segment.within + segment.mix) / change,
      weight: posts > 0 ? segment.posts_before / posts : 0,
    }))
    .filter(({ share, weight }) => share >= LEAST_SHARE && share - weight >= LEAST_EXCESS);
  const best = sized.toSorted((a, b) => b.share - a.share)[0];
  return best ? { segment: best.segment, share: Math.min(1, best.share) } : null;
}
