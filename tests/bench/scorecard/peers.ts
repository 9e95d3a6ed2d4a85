/**
 * The peers as tools of the scorecard, each with its defaults. Called by run.ts after install.ts.
 *
 * They are loaded from this folder's own node_modules by name, so that the product's tools never see them.
 * A score above 0 is positive, below 0 negative (VADER: from ±0.05 on, as its authors say), anything else neutral.
 */
import { createRequire } from 'node:module';
import type { LabelledPost } from '../../../infra/train/data.ts';
import type { Said, Tool } from './tool.ts';

const load = createRequire(new URL('./package.json', import.meta.url));

/** `slowSample`: posts a set for a peer that takes a tenth of a second or more a post. @throws when a peer is not installed. */
export function createPeers(slowSample: number): Tool[] {
  return [vader(), sentiment(), winkSentiment(), winkNlp(), nlpjs(), multilang(slowSample)];
}

const NEGATIVE = 0;
const NEUTRAL = 1;
const POSITIVE = 2;

/** `matched` is whether anything was found at all; where a peer cannot tell, true. */
function said(score: number, matched: boolean, cut = 0): Said {
  const label = score > cut ? POSITIVE : score < -cut ? NEGATIVE : NEUTRAL;
  return { label: matched || label !== NEUTRAL ? label : -1, probability: 0 };
}

/** The language that a peer is given: the true one, which Sada has to find. None of them knows Darija. */
function languageFor({ language }: LabelledPost): string {
  if (language === 'ary') return 'ar';
  return language === 'ary-Latn' ? 'fr' : language;
}

function vader(): Tool {
  type Scores = { compound: number; pos: number; neg: number };
  const { SentimentIntensityAnalyzer: analyser } = load('vader-sentiment') as {
    SentimentIntensityAnalyzer: { polarity_scores(text: string): Scores };
  };
  const CUT = 0.05 - Number.EPSILON;
  return {
    name: 'vader-sentiment',
    tellsCoverage: true,
    judge({ text }) {
      const { compound, pos, neg } = analyser.polarity_scores(text);
      return said(compound, pos > 0 || neg > 0, CUT);
    },
  };
}

function sentiment(): Tool {
  const Sentiment = load('sentiment') as new () => { analyze(text: string): { score: number; words: string[] } };
  const analyser = new Sentiment();
  return {
    name: 'sentiment',
    tellsCoverage: true,
    judge({ text }) {
      const { score, words } = analyser.analyze(text);
      return said(score, words.length > 0);
    },
  };
}

function winkSentiment(): Tool {
  const analyse = load('wink-sentiment') as (text: string) => {
    score: number;
    tokenizedPhrase?: { score?: number }[];
  };
  return {
    name: 'wink-sentiment',
    tellsCoverage: true,
    judge({ text }) {
      const { score, tokenizedPhrase = [] } = analyse(text);
      return said(
        score,
        tokenizedPhrase.some((token) => token.score !== undefined),
      );
    },
  };
}

function winkNlp(): Tool {
  interface WinkNlp {
    readonly its: { readonly sentiment: unknown };
    readDoc(text: string): { out(its: unknown): number };
  }
  const winkNLP = load('wink-nlp') as (model: unknown) => WinkNlp;
  const nlp = winkNLP(load('wink-eng-lite-web-model'));
  return {
    name: 'wink-nlp (stock English model)',
    tellsCoverage: false,
    judge: ({ text }) => said(nlp.readDoc(text).out(nlp.its.sentiment), true),
  };
}

function nlpjs(): Tool {
  interface Container {
    use(plugin: unknown): void;
  }
  const { containerBootstrap } = load('@nlpjs/core') as { containerBootstrap(): Container };
  const { SentimentAnalyzer } = load('@nlpjs/sentiment') as {
    SentimentAnalyzer: new (settings: {
      container: Container;
    }) => {
      process(input: { locale: string; text: string }): Promise<{ sentiment: { score: number; numHits: number } }>;
    };
  };
  const container = containerBootstrap();
  const { LangFr } = load('@nlpjs/lang-fr') as { LangFr: unknown };
  const { LangEn } = load('@nlpjs/lang-en') as { LangEn: unknown };
  const { LangEs } = load('@nlpjs/lang-es') as { LangEs: unknown };
  const { LangAr } = load('@nlpjs/lang-ar') as { LangAr: unknown };
  for (const language of [LangFr, LangEn, LangEs, LangAr]) container.use(language);
  const analyser = new SentimentAnalyzer({ container });
  return {
    name: '@nlpjs/sentiment',
    tellsCoverage: true,
    async judge(post) {
      const { sentiment: found } = await analyser.process({ locale: languageFor(post), text: post.text });
      return said(found.score, found.numHits > 0);
    },
  };
}

function multilang(mostPosts: number): Tool {
  const analyse = load('multilang-sentiment') as (
    text: string,
    language: string,
  ) => { score: number; category: string; words: string[] };
  return {
    name: 'multilang-sentiment',
    tellsCoverage: true,
    mostPosts,
    judge(post) {
      const { score, words } = analyse(post.text, languageFor(post));
      return said(score, words.length > 0);
    },
  };
}
