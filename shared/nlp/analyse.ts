/**
 * What Sada understands of a text: language, sentiment with its explanation, topics and entities.
 * Called by workers/ for every post, and by whoever wants to analyse a text once.
 * Try it: npm run --silent analyse -- --explain "Le data center est superbe mais la facture d'eau fait peur"
 *
 * A text is read once (reader.ts), its language decided (language/), negations and the like marked (lexicon/), and scored
 * with the weights of its language (linear/, sentiment.ts). Topics are found apart (topics.ts): changing terms never
 * changes a score.
 */
import type { Analysis, SentenceAnalysis, TopicMention } from '../contracts/analysis.ts';
import { clausesOf } from './clauses.ts';
import { isScored, type Language } from './groups.ts';
import { type DetectedLanguage, detectLanguage } from './language/detect.ts';
import { readWeights } from './linear/weights.ts';
import { readPackBytes } from './packs/read.ts';
import type { TopicTerm } from './phrases.ts';
import { createReader, type Reading } from './reader.ts';
import { verdictOf } from './score.ts';
import { createSentiment, type ScoredMarks, type Sentiment, TOPIC_RULES, weightsPath } from './sentiment.ts';
import { createTopicFinder, type TopicHit } from './topics.ts';
import { modelName, topicsVersion } from './version.ts';
import { flagNegations, setScores } from './wink/annotations.ts';

/** Texts are read up to here, in UTF-16 code units: bounded time for any input. */
export const MAX_ANALYSED_UNITS = 5_000;
/** Mentions of entities kept of one text. */
const MAX_ENTITIES = 100;

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

/** What of an analyser no term touches: language and sentiment. */
export interface Engine {
  readonly model: string;
  readonly sentiment: Sentiment;
  readonly languageWeights: ReturnType<typeof readWeights>;
}

/** Builds an engine; each language loads with its first text. Analysers of one process may share it. */
export function createEngine(): Engine {
  return {
    model: modelName(),
    sentiment: createSentiment(),
    languageWeights: readWeights(readPackBytes(weightsPath('language'))),
  };
}

/**
 * Builds an analyser (about 0.5 s; each language loads with its first text). Keep it and reuse it. When terms change,
 * another one with the same `engine` takes about 0.2 s and loads no language again.
 */
export function createAnalyser(options: { userTerms?: readonly TopicTerm[]; engine?: Engine } = {}): Analyser {
  const userTerms = options.userTerms ?? [];
  const finder = createTopicFinder(userTerms);
  const { model, sentiment, languageWeights } = options.engine ?? createEngine();
  const version = topicsVersion(userTerms);

  // What wink's own pipe asks for while it reads, and what it was given: filled for one text at a time.
  let hint: string | undefined;
  let understood: Understood | undefined;
  const reader = createReader({
    matching: finder.matching,
    annotate: {
      negation: (doc, reading) => {
        const detected = detectLanguage(reading, languageWeights, hint);
        const languages = scoredAs(reading, detected, hint);
        const marks = sentiment.mark(reading, languages);
        understood = { detected, languages, marks, scored: null, sentences: [] };
        flagNegations(doc, marks);
      },
      sentiment: (doc, reading) => {
        if (!understood) return;
        const { marks, languages } = understood;
        understood.scored = sentiment.scoreText(reading, marks, languages);
        understood.sentences = toSentences(reading, understood, sentiment);
        setScores(doc, understood.scored?.score ?? 0, understood.sentences);
      },
    },
  });

  const analyseOne = ({ text, languageHint }: AnalyserInput): Analysis => {
    hint = languageHint;
    const reading = reader.read(readPart(text));
    if (!understood) throw new Error('wink-nlp did not ask for negations: is its version the pinned one?');
    const { detected, scored, sentences } = understood;
    const { topics, entities } = finder.find(reading);
    return {
      language: detected.language,
      label: scored?.label ?? 'not_scored',
      score: scored?.score ?? null,
      probability: scored?.probability ?? null,
      parts: [...detected.parts],
      sentences,
      topics: scored ? toTopicMentions(topics, reading, understood, sentiment) : unscoredTopics(topics),
      entities: entities.length > MAX_ENTITIES ? entities.slice(0, MAX_ENTITIES) : entities,
      explanation: scored?.explanation ?? null,
      model,
      topics_version: version,
    };
  };
  return { model, topicsVersion: version, analyse: (texts) => texts.map(analyseOne) };
}

interface Understood {
  readonly detected: DetectedLanguage;
  readonly languages: readonly (Language | null)[];
  readonly marks: ScoredMarks;
  scored: ReturnType<Sentiment['scoreText']>;
  sentences: SentenceAnalysis[];
}

/** Emoji are understood in any language: a text of nothing else is scored as the source's language, or as French. */
function scoredAs(
  reading: Reading,
  { language, sentences }: DetectedLanguage,
  hint?: string,
): readonly (Language | null)[] {
  if (language !== 'und' || !reading.words.every(({ script }) => script === 'none')) return sentences;
  const spoken = hint?.slice(0, 2).toLowerCase() ?? '';
  return sentences.map(() => (isScored(spoken) ? spoken : 'fr'));
}

const NOT_SCORED = { label: 'not_scored', score: null, probability: null } as const;

function toSentences(
  reading: Reading,
  { detected, languages, marks, scored }: Understood,
  sentiment: Sentiment,
): SentenceAnalysis[] {
  const only = reading.sentences.length === 1;
  const found: SentenceAnalysis[] = [];
  for (let n = 0; n < reading.sentences.length; n += 1) {
    const [from, to] = reading.sentences[n] as readonly [number, number];
    const verdict = only ? scored : sentiment.scoreSpan(reading, marks, languages[n] ?? null, from, to);
    const { label, score, probability } = verdict ?? NOT_SCORED;
    const start = reading.starts[from] ?? 0;
    const end = reading.ends[to - 1] ?? start;
    const language = detected.sentences[n] ?? detected.language;
    found.push({ start, end, language, label, score, probability });
  }
  return found;
}

/**
 * One mention a topic, in order of appearance: the clauses that speak of it decide, by their mean when it is named more
 * than once; in a long text the tone of the whole counts a little, since single clauses there say less. A clause of which nothing was understood says nothing.
 */
function toTopicMentions(
  hits: readonly TopicHit[],
  reading: Reading,
  { marks, languages, scored: whole }: Understood,
  sentiment: Sentiment,
): TopicMention[] {
  if (hits.length === 0) return [];
  const clauses = clausesOf(reading, marks);
  const verdicts = new Map<number, ReturnType<Sentiment['scoreSpan']>>();
  const named = new Map<string, Set<number>>();
  for (const { topic, start } of hits) {
    const number = clauses.findLastIndex(({ from }) => (reading.starts[from] as number) <= start);
    named.set(topic, (named.get(topic) ?? new Set()).add(Math.max(0, number)));
  }
  const verdictAt = (number: number) => {
    const known = verdicts.get(number);
    if (known !== undefined) return known;
    const { from, to, sentence } = clauses[number] ?? { from: 0, to: 0, sentence: 0 };
    const verdict = sentiment.scoreSpan(reading, marks, languages[sentence] ?? null, from, to);
    verdicts.set(number, verdict);
    return verdict;
  };
  return [...named].map(([topic, numbers]): TopicMention => {
    const said = [...numbers].flatMap((number) => verdictAt(number)?.odds ?? []);
    if (said.length === 0) return { topic, label: 'not_scored', score: null };
    const tone = reading.sentences.length >= TOPIC_RULES.longText ? TOPIC_RULES.tone : 0;
    const { label, score } = verdictOf({
      polarity: mean(said.map(({ polarity }) => polarity)) + tone * (whole?.odds.polarity ?? 0),
      neutral: mean(said.map(({ neutral }) => neutral)) + tone * (whole?.odds.neutral ?? 0),
    });
    return { topic, label, score };
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const unscoredTopics = (hits: readonly TopicHit[]): TopicMention[] =>
  [...new Set(hits.map(({ topic }) => topic))].map((topic) => ({ topic, label: 'not_scored', score: null }));

/** The part of a text that is read. */
export const readPart = (text: string): string => withoutBrokenPair(text.slice(0, MAX_ANALYSED_UNITS));

/** The cut may fall inside a surrogate pair, whose first half alone means nothing. */
const withoutBrokenPair = (text: string): string =>
  /[\ud800-\udbff]$/.test(text) && text.length === MAX_ANALYSED_UNITS ? text.slice(0, -1) : text;
