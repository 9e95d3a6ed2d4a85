/**
 * A message as headings, figures and lines in the channel's language: what the kinds of channels set in their own type.
 * Title and sentence come written (shared/alerts/message.ts); here are the words around the figures. Pure.
 * Try it: `tell(message, 'fr').facts`.
 */
import { nounsOf } from '../../../shared/alerts/sentences.ts';
import { formatNet, formatNumber, formatRate } from '../../../shared/alerts/words/numbers.ts';
import type { AlertMessage, Evidence, MessageLanguage, Segment, Severity } from '../../../shared/contracts/alerts.ts';

const SHOWN_SEGMENTS = 4;
const SHOWN_DRIVERS = 3;
const SHOWN_TERMS = 8;
const MOST_ADDRESS = 2_000;

const WORDS = {
  fr: {
    info: 'information',
    warning: 'avertissement',
    critical: 'critique',
    severity: 'Gravité',
    rule: 'Règle',
    owner: 'Responsable',
    change: 'Avant → maintenant',
    between: 'entre',
    and: 'et ',
    to: '→',
    comma: ', ',
    colon: '\u00a0: ',
    counted: 'Comptés',
    later: 'Depuis',
    none: 'sans thème',
    other: 'autres',
    share: 'Part dans le changement',
    drivers: 'Fils et auteurs qui pèsent le plus',
    without: 'sans lui',
    thread: 'fil',
    author: 'auteur',
    terms: 'Termes',
    examples: 'Exemples',
    also: 'Aussi en alerte',
    open: 'Voir dans Sada',
    runbook: 'Marche à suivre',
    perHour: '/h',
    footer: 'Envoyé par Sada',
    test: 'ESSAI',
  },
  ar: {
    info: 'معلومة',
    warning: 'تحذير',
    critical: 'حرج',
    severity: 'الخطورة',
    rule: 'القاعدة',
    owner: 'المسؤول',
    change: 'قبل ← الآن',
    between: 'بين',
    and: 'و',
    to: '←',
    comma: '، ',
    colon: ': ',
    counted: 'المحسوب',
    later: 'بعد ذلك',
    none: 'بلا موضوع',
    other: 'غيرها',
    share: 'الحصة من التغير',
    drivers: 'أكثر النقاشات والحسابات تأثيرًا',
    without: 'من دونه',
    thread: 'نقاش',
    author: 'حساب',
    terms: 'مصطلحات',
    examples: 'أمثلة',
    also: 'تنبيهات أخرى',
    open: 'افتح في صدى',
    runbook: 'ما يجب فعله',
    perHour: '/س',
    footer: 'أرسله صدى',
    test: 'اختبار',
  },
  en: {
    info: 'info',
    warning: 'warning',
    critical: 'critical',
    severity: 'Severity',
    rule: 'Rule',
    owner: 'Owner',
    change: 'Before → now',
    between: 'between',
    and: 'and ',
    to: '→',
    comma: ', ',
    colon: ': ',
    counted: 'Counted',
    later: 'Since then',
    none: 'no topic',
    other: 'others',
    share: 'Share of the change',
    drivers: 'Threads and authors that weigh most',
    without: 'without it',
    thread: 'thread',
    author: 'author',
    terms: 'Terms',
    examples: 'Examples',
    also: 'Also alerting',
    open: 'Open in Sada',
    runbook: 'Runbook',
    perHour: '/h',
    footer: 'Sent by Sada',
    test: 'TEST',
  },
} as const satisfies Record<MessageLanguage, Record<string, string>>;

export type Words = Record<keyof (typeof WORDS)['fr'], string>;

/** `rtl` is for Arabic. All strings are plain text: each kind of channel escapes them. */
export interface Told {
  language: MessageLanguage;
  isRightToLeft: boolean;
  words: Words;
  title: string;
  sentence: string;
  severity: Severity;
  isOver: boolean;
  facts: { name: string; value: string }[];
  lists: { name: string; lines: string[] }[];
  excerpts: { label: string; text: string; source: string; url: string | null }[];
  links: { name: string; url: string }[];
}

/** The message for people, in plain text. */
export function tell(message: AlertMessage, language: MessageLanguage): Told {
  const words: Words = WORDS[language];
  const { evidence, rule } = message;
  const lists = evidence ? listsOf(evidence, language) : [];
  const also = message.also.map((other) => oneLine(other.rule));
  return {
    language,
    isRightToLeft: language === 'ar',
    words,
    title: oneLine(message.title[language]),
    sentence: oneLine(message.sentence[language]),
    severity: message.severity,
    isOver: message.state === 'resolved',
    facts: message.type === 'test' ? [] : factsOf(message, language),
    lists: [...lists, ...(also.length > 0 ? [{ name: words.also, lines: also }] : [])],
    excerpts: message.excerpts.map(({ label, text, source, url }) => ({
      label: SIGN[label],
      text: oneLine(text),
      source: oneLine(source),
      url: webAddress(url),
    })),
    links: [...link(words.open, message.url), ...link(words.runbook, rule.runbook_url)],
  };
}

const SIGN = { negative: '−', positive: '+', neutral: '0', not_scored: '?' };

function factsOf({ evidence, after, rule, severity }: AlertMessage, language: MessageLanguage): Told['facts'] {
  const words: Words = WORDS[language];
  const { posts, authors, hours } = nounsOf(language);
  const facts = [
    { name: words.severity, value: words[severity] },
    { name: words.rule, value: oneLine(rule.name) },
  ];
  if (rule.owner) facts.push({ name: words.owner, value: oneLine(rule.owner) });
  if (evidence && evidence.signal !== 'term') {
    const { before, now, low, high } = evidence;
    const figure = figureOf(evidence, language);
    facts.push({
      name: words.change,
      value: `${figure(before)} ${words.to} ${figure(now)} (${between(low, high, figure, words)})`,
    });
  }
  if (evidence) {
    const value = [posts(evidence.posts), authors(evidence.authors), hours(evidence.hours)].join(words.comma);
    facts.push({ name: words.counted, value });
  }
  if (after) {
    const figure = evidence ? figureOf(evidence, language) : (value: number) => formatNet(language, value);
    const level = `${figure(after.now)} (${between(after.low, after.high, figure, words)})`;
    facts.push({ name: words.later, value: [level, posts(after.posts), hours(after.hours)].join(words.comma) });
  }
  return facts;
}

function between(low: number, high: number, figure: (value: number) => string, words: Words): string {
  return `${words.between} ${figure(low)} ${words.and}${figure(high)}`;
}

function listsOf(evidence: Evidence, language: MessageLanguage): Told['lists'] {
  const { segments, drivers, terms, metric } = evidence;
  const words: Words = WORDS[language];
  const { posts: countedPosts } = nounsOf(language);
  const figure = figureOf(evidence, language);
  const weight = ({ within, mix }: Segment) => within + mix;
  const change = (value: number) =>
    metric === 'net' ? formatNet(language, value) : `${formatNumber(language, value, 1, true)}${words.perHour}`;
  const top = segments.toSorted((a, b) => Math.abs(weight(b)) - Math.abs(weight(a))).slice(0, SHOWN_SEGMENTS);
  const lists = [
    { name: words.share, lines: top.map((one) => `${nameOf(one, language)}${words.colon}${change(weight(one))}`) },
    {
      name: words.drivers,
      lines: drivers.slice(0, SHOWN_DRIVERS).map(({ kind, posts, without }) => {
        const rest = without === null ? '' : `${words.comma}${words.without} ${figure(without)}`;
        return `${words[kind]}${words.colon}${countedPosts(posts)}${rest}`;
      }),
    },
    { name: words.terms, lines: terms.slice(0, SHOWN_TERMS).map(({ term, posts }) => `${oneLine(term)} (${posts})`) },
  ];
  return lists.filter(({ lines }) => lines.length > 0);
}

function nameOf({ dimension, value, name, names }: Segment, language: MessageLanguage): string {
  if (value === 'none' || value === 'other') return WORDS[language][value];
  if (dimension === 'language') return nounsOf(language).language(value);
  return oneLine(names?.[language] ?? name);
}

function figureOf({ metric }: Evidence, language: MessageLanguage): (value: number) => string {
  if (metric === 'net') return (value) => formatNet(language, value);
  return (value) => `${formatRate(language, value)}${WORDS[language].perHour}`;
}

function link(name: string, url: string | null): Told['links'] {
  const address = webAddress(url);
  return address ? [{ name, url: address }] : [];
}

// Addresses of posts come from outside: `javascript:` and the like are no links.
function webAddress(url: string | null): string | null {
  if (url === null || url.length > MOST_ADDRESS || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? href : null;
}

/** Without line breaks and control characters, which would be headers in a mail and commands in a chat. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** At most so many characters, the last one an ellipsis when something was cut. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text
    .slice(0, most - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}

/** Fits whole lines into `most` characters. */
export function cutLines(lines: readonly string[], most: number): string {
  let text = '';
  for (const line of lines) {
    const longer = text ? `${text}\n${line}` : line;
    if (longer.length > most) return text || cut(line, most);
    text = longer;
  }
  return text;
}

/** For HTML and what is like it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
