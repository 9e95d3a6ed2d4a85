/**
 * What Sada understands of a text: language, sentiment with its explanation, topics and entities.
 * Called by workers/ for every post, and by whoever wants to analyse a text once.
 * Try it: node --import tsx -e "import('./shared/nlp/analyse.ts').then(({createAnalyser: c}) => console.log(c().analyse([{text:'The new data center is great'}])[0]))"
 *
 * Only English is scored for now, through the stock model of wink-nlp; every other text is `not_scored`. Topics and
 * entities are found in all languages.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Analysis, TopicMention } from '../contracts/analysis.ts';
import { createEnglishScorer, type EnglishScore, type EnglishScorer } from './english.ts';
import { detectLanguage, LANGUAGE_RULES } from './language.ts';
import { WORD_LISTS } from './language-words.ts';
import { labelOf, meanScore, SCORE_RULES } from './score.ts';
import { createTopicFinder, PACK_CONTENTS, type TopicHit, type TopicTerm } from './topics.ts';

/** Texts are read up to here, in UTF-16 code units: bounded time for any input. */
export const MAX_ANALYSED_UNITS = 5_000;
/** Mentions of entities kept of one text. */
const MAX_ENTITIES = 100;
/** To be raised by hand when rules change in a way that no hashed constant shows, such as a pattern in language.ts. */
const RULES_REVISION = 1;

export interface AnalyserInput {
  readonly text: string;
  /** What the source says the language is (BCP 47); believed only where the text leaves it open. */
  readonly languageHint?: string | undefined;
}

export interface Analyser {
  /** Name and content hash of everything that decides language and sentiment. */
  readonly model: string;
  /** Content hash of the taxonomy, users' terms included. */
  readonly topicsVersion: string;
  /** One result a text, in order. Any string is safe; a result does not depend on other texts. */
  analyse(texts: readonly AnalyserInput[]): Analysis[];
}

/** Builds an analyser (about 0.3 s, 20 MB; the English model loads with the first English text). Keep it and reuse it. */
export function createAnalyser(options: { userTerms?: readonly TopicTerm[] } = {}): Analyser {
  const userTerms = options.userTerms ?? [];
  const finder = createTopicFinder(userTerms);
  const versions = { model: MODEL, topics_version: nameTopics(userTerms) };
  let english: EnglishScorer | undefined;

  const analyseOne = ({ text, languageHint }: AnalyserInput): Analysis => {
    const read = withoutBrokenPair(text.slice(0, MAX_ANALYSED_UNITS));
    const language = detectLanguage(read, languageHint);
    const { topics, entities } = finder.find(read);
    let scored: EnglishScore | null = null;
    if (language === 'en') {
      english ??= createEnglishScorer();
      scored = english.score(read);
    }
    const score = scored?.score ?? null;
    return {
      language,
      label: labelOf(score),
      score,
      probability: scored?.probability ?? null,
      topics: toTopicMentions(topics, scored),
      entities: entities.slice(0, MAX_ENTITIES),
      explanation: scored?.explanation ?? null,
      ...versions,
    };
  };
  return { model: versions.model, topicsVersion: versions.topics_version, analyse: (texts) => texts.map(analyseOne) };
}

/** One mention a topic, in order of appearance: the mean of the scored sentences that speak of it. */
function toTopicMentions(hits: readonly TopicHit[], scored: EnglishScore | null): TopicMention[] {
  const sentences = new Map<string, Set<number>>();
  for (const { topic, start } of hits) {
    const found = sentences.get(topic) ?? new Set();
    sentences.set(topic, found.add(scored ? sentenceAt(scored.sentenceStarts, start) : 0));
  }
  return [...sentences].map(([topic, numbers]) => {
    const scores = [...numbers].flatMap((number) => scored?.sentences.get(number) ?? []);
    const score = meanScore(scores);
    return { topic, label: labelOf(score), score };
  });
}

const sentenceAt = (starts: readonly number[], offset: number): number =>
  Math.max(
    0,
    starts.findLastIndex((start) => start <= offset),
  );

/** The cut may fall inside a surrogate pair, whose first half alone means nothing. */
const withoutBrokenPair = (text: string): string =>
  /[\ud800-\udbff]$/.test(text) && text.length === MAX_ANALYSED_UNITS ? text.slice(0, -1) : text;

const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8);

const packageVersion = (name: string): string => String(createRequire(import.meta.url)(`${name}/package.json`).version);

const MODEL = `wink-en-1:${hashOf(
  packageVersion('wink-nlp'),
  packageVersion('wink-eng-lite-web-model'),
  JSON.stringify([SCORE_RULES, LANGUAGE_RULES, WORD_LISTS, MAX_ANALYSED_UNITS, RULES_REVISION]),
)}`;

/** The order in which users added their terms does not matter. */
function nameTopics(userTerms: readonly TopicTerm[]): string {
  const terms = userTerms.map(({ topic, language, term }) => JSON.stringify([topic, language, term])).sort();
  const packs = PACK_CONTENTS.map((content) => content.replaceAll('\r\n', '\n'));
  return `topics-1:${hashOf(...packs, ...terms)}`;
}
