/** What sentences are made of: the figures of an alert, and what each language must be able to say of them. */
import type { EventType, Evidence, Resolution, Segment, Signal } from '../../contracts/alerts.ts';
import type { LocalTime } from './numbers.ts';

export type MessageType = EventType | 'test';

/** Figures of one alert, checked and chosen; every number is finite. */
export interface Facts {
  rule: string;
  signal: Signal | null;
  /** null when there are none: a test, missing data. */
  figures: Moved | null;
  chance: Evidence['chance'];
  /** The segment that explains much more of the change than its size would. Share of the change, at most 1. */
  top: { dimension: Segment['dimension']; segment: Segment; share: number } | null;
  driven: Evidence['driven_by_one'];
  /** Most posts have a label that the model was not sure of. */
  unsure: boolean;
  after: After | null;
  resolution: Resolution | null;
}

export interface Moved {
  before: number;
  now: number;
  low: number;
  high: number;
  hours: number;
  posts: number;
  authors: number;
  start: LocalTime;
  term: string | null;
}

/** What came after the alarm. `holds`: the whole interval is beyond the usual level; `back`: the figure is at it again. */
export interface After {
  now: number;
  low: number;
  high: number;
  posts: number;
  hours: number;
  verdict: 'holds' | 'unclear' | 'back';
}

/** One language. Every phrase is a whole sentence, or '' when there is nothing to say. */
export interface Phrases {
  /** Without the rule's name. */
  headline: (type: MessageType, facts: Facts) => string;
  /** Rule and headline together. */
  title: (rule: string, headline: string) => string;
  /** What kind of message this is. */
  lead: (type: MessageType, facts: Facts) => string;
  moved: (facts: Facts) => string;
  top: (facts: Facts) => string;
  driven: (facts: Facts) => string;
  unsure: () => string;
  /** Numbers with their nouns, and names of languages, for the figures around the sentences. */
  nouns: {
    posts: (value: number) => string;
    authors: (value: number) => string;
    hours: (value: number) => string;
    language: (code: string) => string;
  };
  /** `asked`: also says that there is nothing yet, and whether the change holds. */
  after: (facts: Facts, asked: boolean) => string;
}

/** Which way a signal moves, for nouns: fall or rise. */
export const isFall = (signal: Signal | null): boolean => signal === 'net_down';
export const isNet = (signal: Signal | null): boolean => signal === 'net_down' || signal === 'net_up';
/** Whether there is a usual level to compare with. */
export const hasLevel = ({ signal }: Pick<Facts, 'signal'>): boolean => signal !== null && signal !== 'term';
