/** The sentences of alerts in English. Called by shared/alerts/sentences.ts. */
import {
  type After,
  type Facts,
  hasLevel,
  isFall,
  isNet,
  type MessageType,
  type Moved,
  type Phrases,
} from './facts.ts';
import * as numbers from './numbers.ts';

const net = (value: number) => numbers.formatNet('en', value);
const rate = (value: number) => numbers.formatRate('en', value);
const quote = (text: string) => `“${numbers.isolate('en', text)}”`;

const counted = (value: number, one: string, many: string, text = numbers.formatNumber('en', value)) =>
  `${text} ${value === 1 ? one : many}`;
const posts = (value: number) => counted(value, 'post', 'posts');
const authors = (value: number) => counted(value, 'author', 'authors');
const byAuthors = (value: number) => (value > 0 ? ` by ${authors(value)}` : '');
const hours = (value: number) => counted(value, 'hour', 'hours');

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const since = ({ start }: Moved) => `since ${start.day} ${MONTHS[start.month]} at ${numbers.clock(start)}`;

const LANGUAGES: Record<string, string> = {
  fr: 'French',
  ar: 'Arabic',
  ary: 'Darija',
  'ary-Latn': 'Darija in Latin letters',
  en: 'English',
  es: 'Spanish',
};

const movement = ({ signal }: Pick<Facts, 'signal'>) => (isFall(signal) ? 'fall' : 'rise');

function rateOf({ signal }: Facts, value: number): string {
  const { value: shown, decimals } = numbers.roundRate(value);
  const kind = signal === 'negative_posts' ? 'negative ' : '';
  return counted(shown, `${kind}post`, `${kind}posts`, numbers.formatNumber('en', shown, decimals));
}

function figures(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return '';
  const { before, now, low, high } = moved;
  if (isNet(facts.signal)) {
    return `Net sentiment went from ${net(before)} to ${net(now)} (between ${net(low)} and ${net(high)}) within ${hours(moved.hours)}, ${since(moved)}, on ${posts(moved.posts)}${byAuthors(moved.authors)}`;
  }
  if (facts.signal === 'term') {
    const term = moved.term === null ? 'A term' : `The term ${quote(moved.term)}`;
    return `${term} comes up in ${posts(moved.posts)}${byAuthors(moved.authors)} within ${hours(moved.hours)}, ${since(moved)}${times(moved)}`;
  }
  return `There are ${rateOf(facts, now)} an hour (between ${rate(low)} and ${rate(high)}) instead of the usual ${rate(before)}, within ${hours(moved.hours)}, ${since(moved)}${moved.authors > 0 ? `,${byAuthors(moved.authors)}` : ''}`;
}

function times({ before, now }: Moved): string {
  const ratio = Math.round(now / before);
  if (!(before > 0) || ratio >= 100) return ', after hardly ever being used';
  return ratio >= 2 ? `, about ${numbers.formatNumber('en', ratio)} times as often as usual` : '';
}

const ONCE: Record<number, string> = { 1: 'once', 2: 'twice' };

function chance({ chance: given }: Facts): string {
  if (given.kind === 'once_in' && given.days >= 1) {
    return `; by chance this happens once in ${counted(Math.floor(given.days), 'day', 'days')}`;
  }
  if (given.kind === 'rarer_than' && given.days >= 1) {
    const span = given.days === 60 ? 'two months' : counted(Math.floor(given.days), 'day', 'days');
    return `; by chance this happens less than once in ${span}`;
  }
  if (given.kind === 'own_history' && given.weeks >= 1) {
    const span = `in ${counted(Math.floor(given.weeks), 'week', 'weeks')} of history`;
    return given.times === 0
      ? `; this level had never been reached ${span}`
      : `; this level was reached ${ONCE[given.times] ?? counted(given.times, 'time', 'times')} ${span}`;
  }
  return '';
}

function headlineOf(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return 'alert';
  if (isNet(facts.signal)) {
    return `net sentiment ${isFall(facts.signal) ? 'fell' : 'rose'} from ${net(moved.before)} to ${net(moved.now)}`;
  }
  if (facts.signal === 'term') return moved.term === null ? 'a term spreads' : `the term ${quote(moved.term)} spreads`;
  return `${rateOf(facts, moved.now)} an hour instead of ${rate(moved.before)}`;
}

const VERDICTS: Record<After['verdict'], (facts: Pick<Facts, 'signal'>) => string> = {
  holds: (facts) => `the ${movement(facts)} is confirmed`,
  unclear: () => 'a return to the usual level cannot be ruled out',
  back: () => 'it is back at the usual level',
};

const HEADLINES: Record<MessageType, (facts: Facts) => string> = {
  fired: headlineOf,
  escalated: (facts) => `goes on: ${headlineOf(facts)}`,
  follow_up: ({ after: later, ...facts }) =>
    later && later.posts > 0 && hasLevel(facts) ? `follow-up: ${VERDICTS[later.verdict](facts)}` : 'follow-up',
  repeated: (facts) => `still going on: ${headlineOf(facts)}`,
  joined: (facts) => `another signal of the same event: ${headlineOf(facts)}`,
  recovering: () => 'coming back to the usual range',
  resolved: () => 'alert over',
  rebased: () => 'new level accepted, alert over',
  revised: () => 'figures counted anew',
  unacknowledged: (facts) => `nobody acknowledged: ${headlineOf(facts)}`,
  acknowledged: () => 'alert acknowledged',
  snoozed: () => 'alert snoozed',
  note: () => 'note added',
  verdict: () => 'verdict given on the alert',
  no_data: () => 'data incomplete',
  data_back: () => 'data complete again',
  test: () => 'test message',
};

const RESOLVED: Record<NonNullable<Facts['resolution']>, string> = {
  recovered: 'The figures are back in the usual range. The alert is over.',
  rebased: 'The new level has lasted three days. It now counts as usual, and the alert is over.',
  closed: 'The alert was closed by a person.',
  rule_changed: 'The rule was changed or no longer exists. The alert is over.',
  revised: 'Hours of this alert were counted anew. By the present figures, it would not have been raised: it is over.',
};

const LEADS: Record<MessageType, (facts: Facts) => string> = {
  fired: ({ rule }) => `The rule ${quote(rule)} raised an alert.`,
  escalated: (facts) =>
    facts.signal === null || facts.signal === 'term'
      ? 'This goes on after the alert.'
      : `The ${movement(facts)} goes on after the alert.`,
  follow_up: () => '',
  repeated: () => 'The alert is still going on and nobody has acknowledged it.',
  joined: () => 'Another signal of the same event was added.',
  recovering: () => 'The figures are coming back to the usual range. The alert stays open until this is confirmed.',
  resolved: ({ resolution }) => RESOLVED[resolution ?? 'recovered'],
  rebased: () => RESOLVED.rebased,
  revised: () => RESOLVED.revised,
  unacknowledged: () => 'Nobody acknowledged the alert in time.',
  acknowledged: () => 'The alert was acknowledged.',
  snoozed: () => 'The alert was snoozed.',
  note: () => 'A note was added to the alert.',
  verdict: () => 'A verdict was given on the alert.',
  no_data: ({ rule }) =>
    `Data are incomplete. The rule ${quote(rule)} waits: until they are back, it raises nothing and ends nothing.`,
  data_back: ({ rule }) => `Data are complete again. The rule ${quote(rule)} goes on.`,
  test: () => 'This is a test message from Sada. It reports no alert.',
};

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
/** Since the alert, and up to now. */
const following = (value: number) =>
  value === 1 ? 'In the hour after the alert' : `In the ${hours(value)} after the alert`;
const lately = (value: number) => (value === 1 ? 'Over the last hour' : `Over the last ${hours(value)}`);

function after(facts: Facts, asked: boolean): string {
  const { after: later, figures: moved } = facts;
  if (!later) return asked ? 'There are no figures after the alert yet.' : '';
  if (later.posts === 0) return `After the alert, no post within ${hours(later.hours)}.`;
  if (facts.signal === null || facts.signal === 'term') {
    return `After the alert, ${posts(later.posts)} within ${hours(later.hours)}.`;
  }
  const basis = `${asked ? following(later.hours) : lately(later.hours)}, on ${posts(later.posts)}`;
  const figure = isNet(facts.signal)
    ? `net sentiment is ${net(later.now)} (between ${net(later.low)} and ${net(later.high)})${moved ? `, against the usual ${net(moved.before)}` : ''}`
    : `there are ${rateOf(facts, later.now)} an hour (between ${rate(later.low)} and ${rate(later.high)})${moved ? `, against the usual ${rate(moved.before)}` : ''}`;
  if (!asked) return `${basis}, ${figure}.`;
  return `${basis}, ${figure}. ${capital(VERDICTS[later.verdict](facts))}.`;
}

function top(facts: Facts): string {
  if (!facts.top) return '';
  const { dimension, segment, share } = facts.top;
  const part =
    share >= 0.995
      ? `all of the ${movement(facts)}`
      : `${numbers.formatPercent('en', share)} of the ${movement(facts)}`;
  if (dimension === 'language') {
    return `Posts in ${LANGUAGES[segment.value] ?? quote(segment.value)} explain ${part}.`;
  }
  const name = quote(segment.names?.en ?? segment.name);
  return `The ${dimension === 'topic' ? 'topic' : 'source'} ${name} explains ${part}.`;
}

export const en: Phrases = {
  headline: (type, facts) => HEADLINES[type](facts),
  title: (rule, headline) => `${numbers.isolate('en', rule)}: ${headline}`,
  lead: (type, facts) => LEADS[type](facts),
  moved: (facts) => (facts.figures ? `${figures(facts)}${chance(facts)}.` : ''),
  top,
  driven: ({ driven }) =>
    driven === null
      ? ''
      : `It comes down to a single ${driven === 'thread' ? 'thread: without it' : 'author: without them'}, the figure would stay in the usual range.`,
  unsure: () => 'More than half of the posts have a label that is not sure.',
  after,
  nouns: { posts, authors, hours, language: (code) => LANGUAGES[code] ?? code },
};
