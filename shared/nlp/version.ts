/**
 * Names of what decides a result: content hashes, the same on every machine. Called by analyse.ts.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { GROUPS } from './groups.ts';
import { LANGUAGE_RULES } from './language/detect.ts';
import { RULES } from './lexicon/annotate.ts';
import { lexiconFiles } from './lexicon/lexicon.ts';
import { readPack, readPackBytes } from './packs/read.ts';
import { PACK_CONTENTS, type TopicTerm } from './phrases.ts';
import { SCORE_RULES } from './score.ts';
import { COVERAGE_RULES, TOPIC_RULES, weightsPath } from './sentiment.ts';

/** To be raised by hand when rules change in a way that no hashed content shows, such as the tokenizer's patterns. */
const RULES_REVISION = 1;

let model: string | undefined;

/** Name of the language and sentiment model: lexicons, rules, weights, wink-nlp. */
export function modelName(): string {
  if (model !== undefined) return model;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([LANGUAGE_RULES, RULES, SCORE_RULES, COVERAGE_RULES, TOPIC_RULES, RULES_REVISION]));
  hash.update(String(createRequire(import.meta.url)('wink-nlp/package.json').version));
  for (const name of ['language', ...GROUPS]) hash.update(readPackBytes(weightsPath(name)));
  for (const group of GROUPS) for (const file of lexiconFiles(group)) hash.update(readPack(file));
  model = `sada-2:${hash.digest('hex').slice(0, 10)}`;
  return model;
}

/** Version of the taxonomy; the order in which users added their terms does not matter. */
export function topicsVersion(userTerms: readonly TopicTerm[]): string {
  const terms = userTerms.map(({ topic, language, term }) => JSON.stringify([topic, language, term])).sort();
  const hash = createHash('sha256').update(JSON.stringify([...PACK_CONTENTS, ...terms]));
  return `topics-1:${hash.digest('hex').slice(0, 8)}`;
}
