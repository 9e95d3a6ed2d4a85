/**
 * What the sample's Morocco talks about and in what mood, by how long before now: everyday topics, a few event days, and
 * in the last week the failure of the fictional data centre Nakhla-1 and its repair. Pure: a table and its reader.
 */
import type { Line } from './corpus.ts';

type Topic = Line['topic'];
type Label = Line['label'];

/** The failure, the end of the rush, and the repair, in days before now. */
export const CRISIS_DAYS = 6;
const RUSH_END_DAYS = CRISIS_DAYS - 1.5;
export const RECOVERY_DAYS = 3;

const TOPICS: Record<Topic, number> = {
  data_centres: 14,
  jobs: 11,
  public_services: 10,
  connectivity: 9,
  prices: 9,
  water: 8,
  energy: 8,
  investment: 6,
  ai: 5.5,
  education: 5,
  startups: 4.5,
  cybersecurity: 4,
  sovereignty: 4,
  regional_role: 3.5,
  trade: 3.5,
};

export interface Mood {
  /** How many times the usual number of posts. */
  volume: number;
  /** Shares of lines of the crisis and of the recovery; the rest is of every day. */
  crisis: number;
  recovery: number;
  topics: Record<Topic, number>;
  labels: Record<Label, number>;
}

interface Event {
  /** From and to, in days before now. */
  from: number;
  to: number;
  volume: number;
  topics: Partial<Record<Topic, number>>;
  labels: Partial<Record<Label, number>>;
}

/** What happened: a cable lands, prices rise, a forum, a heat wave, a job fair, a hackathon, a new portal. */
const EVENTS: Event[] = [
  { from: 79, to: 77, volume: 1.3, topics: { connectivity: 4, regional_role: 2 }, labels: { positive: 1.7 } },
  { from: 64, to: 61.5, volume: 1.35, topics: { prices: 4 }, labels: { negative: 1.8 } },
  {
    from: 48,
    to: 45.5,
    volume: 1.3,
    topics: { investment: 5, data_centres: 1.6, jobs: 1.3 },
    labels: { positive: 1.6 },
  },
  { from: 35, to: 31, volume: 1.15, topics: { water: 3.5, energy: 2 }, labels: { negative: 1.7 } },
  { from: 25, to: 23.5, volume: 1.2, topics: { jobs: 4, education: 2 }, labels: { positive: 1.5 } },
  { from: 17, to: 15.5, volume: 1.2, topics: { ai: 5, startups: 3 }, labels: { positive: 1.5 } },
  { from: 10, to: 9, volume: 1.15, topics: { public_services: 3 }, labels: { positive: 1.5 } },
];

/** Topics that the failure brings up, in lines of every day too. */
const CRISIS_TOPICS: Partial<Record<Topic, number>> = {
  data_centres: 2,
  water: 1.8,
  public_services: 2,
  cybersecurity: 1.3,
  sovereignty: 1.3,
};

/** What moves an instant, `daysAgo` ≥ 0 before now. */
export function eventsAt(daysAgo: number): Mood {
  const mood: Mood = { volume: 1, crisis: 0, recovery: 0, topics: { ...TOPICS }, labels: usualLabels(daysAgo) };
  for (const event of EVENTS) if (daysAgo <= event.from && daysAgo > event.to) apply(mood, event);
  if (daysAgo <= CRISIS_DAYS && daysAgo > RECOVERY_DAYS) inCrisis(mood, daysAgo);
  if (daysAgo <= RECOVERY_DAYS) inRecovery(mood, daysAgo);
  return mood;
}

/** Over the three months the mood gets a little better. */
function usualLabels(daysAgo: number): Record<Label, number> {
  const better = Math.max(0, 1 - daysAgo / 90) * 0.05;
  return { negative: 0.38 - better, neutral: 0.3, positive: 0.32 + better };
}

function apply(mood: Mood, { volume = 1, topics, labels }: Partial<Event>): void {
  mood.volume *= volume;
  for (const [topic, factor] of Object.entries(topics ?? {})) mood.topics[topic as Topic] *= factor;
  for (const [label, factor] of Object.entries(labels ?? {})) mood.labels[label as Label] *= factor;
}

function inCrisis(mood: Mood, daysAgo: number): void {
  const sinceHours = (CRISIS_DAYS - daysAgo) * 24;
  const rush = daysAgo > RUSH_END_DAYS;
  const rising = Math.min(1, 0.5 + sinceHours / 4);
  const fading = (daysAgo - RECOVERY_DAYS) / (RUSH_END_DAYS - RECOVERY_DAYS);
  mood.crisis = rush ? 0.72 * rising : 0.35 + 0.25 * fading;
  apply(mood, {
    volume: rush ? 1 + 2.1 * rising : 1.25 + 0.6 * fading,
    topics: CRISIS_TOPICS,
    labels: rush ? { negative: 2.2, positive: 0.4, neutral: 0.7 } : { negative: 1.6, positive: 0.6 },
  });
}

function inRecovery(mood: Mood, daysAgo: number): void {
  const left = daysAgo / RECOVERY_DAYS;
  mood.recovery = 0.22 + 0.28 * left;
  apply(mood, {
    volume: 1 + 0.2 * left,
    topics: { data_centres: 1.5, water: 1.4, public_services: 1.3 },
    labels: { positive: 1.25, negative: 0.85 },
  });
}
