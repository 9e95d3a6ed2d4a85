/**
 * An analyser that reads ahead: it analyses the next batch while the database stores this one, and a text that it has seen
 * before only once, since a quarter of the sample are copies. infra/sample/load.ts wraps its analyser in it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Analysis } from '../../shared/contracts/analysis.ts';
import type { CollectedPost } from '../../shared/contracts/collected.ts';
import type { Analyser, AnalyserInput } from '../../shared/nlp/analyse.ts';

/** Texts analysed between two looks at what the database answers: some milliseconds. */
const SLICE = 20;

interface AheadAnalyser extends Analyser {
  /** Begins with these texts in idle moments; resolves when all are known. Never rejects: `analyse` meets the error again. */
  readAhead(posts: readonly CollectedPost[]): Promise<void>;
  /** Forgets all texts. */
  forget(): void;
}

/** Wraps an analyser. Sound because a result depends on its own text and hint alone. */
export function analyseAhead(analyser: Analyser): AheadAnalyser {
  const known = new Map<string, Analysis>();
  const analyse = (texts: readonly AnalyserInput[]): Analysis[] => {
    const unknown = texts.filter((input) => !known.has(keyOf(input)));
    for (const [index, analysis] of analyser.analyse(unknown).entries()) {
      const input = unknown[index];
      if (input) known.set(keyOf(input), analysis);
    }
    return texts.flatMap((input) => known.get(keyOf(input)) ?? []);
  };
  return {
    model: analyser.model,
    topicsVersion: analyser.topicsVersion,
    analyse,
    async readAhead(posts) {
      for (let at = 0; at < posts.length; at += SLICE) {
        await nextTurn();
        try {
          analyse(
            posts
              .slice(at, at + SLICE)
              .map(({ text, language_hint }) => ({ text: text.trim(), languageHint: language_hint })),
          );
        } catch {
          return;
        }
      }
    },
    forget: () => known.clear(),
  };
}

const keyOf = ({ text, languageHint }: AnalyserInput): string => `${languageHint ?? ''}\n${text}`;
