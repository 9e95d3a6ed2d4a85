/**
 * Sentiment of an English text through the guarded stock model of wink-nlp.
 * Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-sentiment.test.ts
 *
 * The text is cut into tokens here, and only words of the stock lexicon reach wink: all others become one placeholder.
 * So the result of a text cannot depend on the texts read before it, memory does not grow with usernames and typos,
 * and every token has its offsets in the original text.
 */
import {
  createEnglishReader,
  type EnglishReader,
  type EnglishReading,
  isNegated,
  type RawSpan,
  startsChunk,
} from './guard.ts';
import { aggregate, type Match, type Scored } from './score.ts';

/** Offsets in UTF-16 code units. `text` is what wink is given. */
interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface EnglishScore extends Scored {
  /** Where each sentence starts in the text, ascending. */
  readonly sentenceStarts: readonly number[];
}

/** Stands for every word that the lexicon does not know; must not be in it. */
const PLACEHOLDER = 'zqx';
/** wink names the delimiters that end a negation so, among the negators. */
const DELIMITER = '2';

const TOKEN = new RegExp(
  [
    '(?<skip>(?:https?:\\/\\/|www\\.)\\S+|[\\w.+-]{1,64}@[\\w-]{1,64}\\.[\\w.]{1,64}|@[\\p{L}\\p{N}_]+|#)',
    "(?<emoticon>[:;]['’]?-?[)(]+|[:;]-?[PpDSoOX3](?![\\p{L}\\p{N}])|[:;]-?[\\]}>[{@*/|\\\\]|<[\\\\/]?3+)",
    '(?<word>\\p{L}[\\p{L}\\p{M}\\p{N}]*)',
    '(?<number>\\p{N}+(?:[.,:/-]\\p{N}+)*)',
    '(?<emoji>\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier}|\\u200D\\p{Extended_Pictographic})*)',
    '(?<dots>\\.{2,}|…)',
    '(?<mark>[!?]+)',
    '(?<line>\\n)',
    '(?<other>[^\\s\\p{M}\\p{C}])',
  ].join('|'),
  'gu',
);
/** What may follow a word and still be one entry of the lexicon with it: don't, well-known, U.S. */
const COMPOUND_REST = /(?:['’.-][\p{L}\p{M}]{1,30}){1,4}\.?|\./uy;
const ELISION = /['’]\p{L}{1,30}/uy;
/** What follows the first letter of U.S. or U.K., whose points end no sentence. */
const INITIALS_REST = /(?:\.\p{L}(?!\p{L}))+\.?/uy;

export interface EnglishScorer {
  /** null when nothing was matched. */
  score(text: string): EnglishScore | null;
  /** Unknown words that wink keeps at present. */
  unknownWords(): number;
}

/** Loads the model: about 60 ms and 12 MB. */
export function createEnglishScorer(maxUnknownWords?: number): EnglishScorer {
  const reader = createEnglishReader(maxUnknownWords);
  return {
    score(text) {
      const tokens = tokenise(text, reader);
      if (tokens.length === 0) return null;
      const reading = reader.read(tokens.map((token) => token.text).join(' '));
      const chunkOf = chunkNumbers(reading);
      const tokenAt = (i: number): Token => tokens[chunkOf[i] ?? 0] ?? { text: '', start: 0, end: 0 };
      const scored = aggregate(toMatches(reading, tokenAt));
      return scored && { ...scored, sentenceStarts: reading.doc.sentences.map(([first]) => tokenAt(first ?? 0).start) };
    },
    unknownWords: reader.unknownWords,
  };
}

/** wink opens contractions into several tokens: for each of its tokens, the number of ours. */
function chunkNumbers({ doc }: EnglishReading): number[] {
  const numbers: number[] = [];
  const last = doc.sentences.at(-1)?.[1] ?? -1;
  for (let i = 0, chunk = 0; i <= last; i += 1) {
    if (i > 0 && startsChunk(doc, i)) chunk += 1;
    numbers.push(chunk);
  }
  return numbers;
}

function toMatches({ doc, scored, negators }: EnglishReading, tokenAt: (i: number) => Token): Match[] {
  const matches: Match[] = [];
  let sentence = 0;
  for (const [first, last, thousandths] of scored) {
    while (first > (doc.sentences[sentence]?.[1] ?? Number.POSITIVE_INFINITY)) sentence += 1;
    const weight = Number(thousandths) / 1000;
    // Some entries are listed with weight 0: they say nothing, and silence is not neutrality.
    if (weight === 0) continue;
    const { start, text } = tokenAt(first);
    matches.push({
      start,
      end: tokenAt(last).end,
      weight,
      reason: /\p{L}/u.test(text) ? 'lexicon' : 'emoji',
      sentence,
      negator: isNegated(doc, first) ? negatorOf(first, negators, tokenAt) : undefined,
    });
  }
  return matches;
}

/** The nearest negator before the token; the token itself if there is none, so that no change goes unexplained. */
function negatorOf(
  token: number,
  negators: readonly RawSpan[],
  tokenAt: (i: number) => Token,
): { start: number; end: number } {
  const nearest = negators.findLast(([, last, name]) => name !== DELIMITER && last < token);
  const [first, last] = nearest ?? [token, token];
  return { start: tokenAt(first).start, end: tokenAt(last).end };
}

function tokenise(text: string, { knows }: EnglishReader): Token[] {
  const known = (word: string): string | undefined => {
    if (knows(word)) return word;
    const lower = word.toLowerCase();
    return knows(lower) ? lower : undefined;
  };
  const tokens: Token[] = [];
  const add = (start: number, end: number, form: string | undefined) =>
    tokens.push({ text: form ?? PLACEHOLDER, start, end });

  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
    const { index: start, groups = {} } = found;
    const [whole] = found;
    const end = start + whole.length;
    if (groups.skip !== undefined) continue;
    if (groups.word !== undefined) TOKEN.lastIndex = addWord(text, start, end, known, add);
    else if (groups.emoticon !== undefined)
      add(start, end, known(whole.replace('’', "'").replace(/([)(3])\1+$/, '$1')));
    else if (groups.emoji !== undefined) add(start, end, known(String.fromCodePoint(whole.codePointAt(0) ?? 0)));
    else if (groups.dots !== undefined) add(start, end, known('...'));
    // A row of marks is one end of one sentence, and so is a line break.
    else if (groups.mark !== undefined) add(start, end, whole.slice(0, 1));
    else if (groups.line === undefined) add(start, end, known(whole));
    else if (tokens.length > 0 && !/^[.!?]$/.test(tokens.at(-1)?.text ?? '')) add(start, end, '.');
  }
  return tokens;
}

/** Adds the longest entry of the lexicon that starts with the word, or the word and what is elided after it. */
function addWord(
  text: string,
  start: number,
  end: number,
  known: (word: string) => string | undefined,
  add: (start: number, end: number, form: string | undefined) => void,
): number {
  const rest = matchAt(COMPOUND_REST, text, end);
  for (
    let length = rest.length;
    length > 0;
    length = Math.max(rest.lastIndexOf('.', length - 1), lastJoint(rest, length - 1))
  ) {
    const form = known(text.slice(start, end + length).replaceAll('’', "'"));
    if (form !== undefined) {
      add(start, end + length, form);
      return end + length;
    }
  }
  const initials = end === start + 1 ? matchAt(INITIALS_REST, text, end) : '';
  add(start, end + initials.length, initials ? undefined : known(text.slice(start, end)));
  if (initials) return end + initials.length;
  const elided = matchAt(ELISION, text, end);
  if (elided) add(end, end + elided.length, known(elided.replace('’', "'")));
  return end + elided.length;
}

/** Where the last joint before `before` starts; 0 or less when there is none. */
function lastJoint(rest: string, before: number): number {
  return Math.max(...["'", '’', '-'].map((joint) => rest.lastIndexOf(joint, before)));
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
