/**
 * Which language a text is in: by its writing first, then by votes of common words. No dependency, no state.
 * Called by analyse.ts. Try it: npx vitest run --project unit tests/unit/nlp-language.test.ts
 *
 * Answers fr, ar, ary (Darija), ary-Latn (Darija in Latin letters), en, es; another ISO code where the writing or the
 * words leave no doubt; `mixed` when two languages share the words; `und` when there is too little to tell.
 */
import { LATIN_WORDS, type LatinLanguage } from './language-words.ts';

/** Numbers that decide; hashed into the name of the model with the word lists. Other changes here: RULES_REVISION. */
export const LANGUAGE_RULES = {
  /** Two languages share a text when the stronger has less than this part of the votes. */
  dominant: 0.65,
  /** ... and the weaker at least this many votes. */
  mixedVotes: 2.5,
  /** Fewer votes than this decide nothing. */
  leastVotes: 0.9,
  /** A language named by the source counts as this many votes. */
  hintVotes: 1,
  /** Writing other than Latin or Arabic decides from this part of the letters on. */
  scriptShare: 0.5,
} as const;

const NOISE = /(?:https?:\/\/|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{1,64}|@[\p{L}\p{N}_]+|\bhttp\b/gu;
const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;
const ARABIC = /[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]/u;
const DARIJA =
  /^[وف]?(?:ديال\p{L}*|بزاف|دابا|واش|ه[اد]+شي|هادي|هاد|هادو|هدشي|ماشي|كيف(?:اش)?|علاش|فاش|شنو|شكون|فين|غادي|غادا|غاديا|حيت|باش|كاين[ةه]?|ماكاين\p{L}*|مكاين\p{L}*|بحال|هكا|هكدا|مزيان[ةه]?|زوين[ةه]?|خاص(?:نا|ك|هم|و)|بغيت\p{L}*|بغا\p{L}*|بغينا|كنت[مي]?|راه\p{L}{0,2}|راك|راني|والو|شي|داكشي|دوك|هاديك|هداك|لي|اللي|ديك|غير|عندو|كلشي|تاع|دير|ديرو|كيدير\p{L}*|حنا|نتا|نتوما|هوما|بلا|مابقا\p{L}*|ما\p{L}{2,}ش|م[اك]\p{L}{3,}وش|كي\p{L}{3,}و|كا?ن\p{L}{3,}و?|خويا|الدراري|درهم)$/u;
/** Common in Standard Arabic too: half a vote. */
const DARIJA_WEAK =
  /^(?:شي|غير|لي|كيف|كنت|هاد|هادي|بلا|دير|درهم|اللي|كي\p{L}{3,}و|كا?ن\p{L}{3,}و?|ما\p{L}{2,}ش|كنت[مي]|راك|ديك|خاصهم)$/u;
const PERSIAN = /[پچژکی]/gu;
const URDU = /[ٹڈڑںےہ]/u;

const OTHER_WRITING: readonly (readonly [RegExp, string])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, 'ja'],
  [/\p{Script=Hangul}/gu, 'ko'],
  [/\p{Script=Han}/gu, 'zh'],
  [/\p{Script=Tifinagh}/gu, 'zgh'],
  [/\p{Script=Greek}/gu, 'el'],
  [/\p{Script=Hebrew}/gu, 'he'],
  [/\p{Script=Cyrillic}/gu, 'ru'],
];

/**
 * The language of a text, from at most its first 2,000 code units.
 * `hint` is what the source claims (a BCP 47 tag): it weighs little and decides only what words leave open.
 */
export function detectLanguage(text: string, hint?: string): string {
  const clean = text.slice(0, 2_000).replace(NOISE, ' ').normalize('NFKC');
  const other = otherWriting(clean);
  if (other) return other;
  const words = clean.match(WORD) ?? [];
  const arabic = words.filter((word) => ARABIC.test(word));
  const latin = words.filter((word) => /\p{Script=Latin}/u.test(word));
  if (arabic.length === 0) return latinLanguage(latin, hint);
  if (latin.length === 0) return arabicLanguage(arabic);
  const share = arabic.length / (arabic.length + latin.length);
  if (share >= LANGUAGE_RULES.dominant) return arabicLanguage(arabic);
  const inLatin = latinLanguage(latin, hint);
  if (share <= 1 - LANGUAGE_RULES.dominant) return inLatin === 'und' ? arabicLanguage(arabic) : inLatin;
  // Names in Latin letters alone do not make a second language.
  return inLatin === 'und' ? arabicLanguage(arabic) : 'mixed';
}

function otherWriting(text: string): string | undefined {
  // Plain Latin text is most of what comes: one look spares seven.
  if (!/[^\p{Script=Latin}\p{Script=Arabic}\p{Script=Common}\p{Script=Inherited}]/u.test(text)) return undefined;
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  for (const [pattern, language] of OTHER_WRITING) {
    const found = text.match(pattern)?.length ?? 0;
    // Japanese mixes kana with Han: a few kana settle it.
    const needed = language === 'ja' ? 0.1 : LANGUAGE_RULES.scriptShare;
    if (found === 0 || found < needed * letters) continue;
    return language === 'ru' && /[іїєґ]/iu.test(text) ? 'uk' : language;
  }
  return undefined;
}

function arabicLanguage(words: readonly string[]): string {
  const joined = words.join(' ');
  if (URDU.test(joined)) return 'ur';
  const letters = joined.length - words.length + 1;
  if ((joined.match(PERSIAN)?.length ?? 0) > 0.08 * letters) return 'fa';
  let votes = 0;
  for (const word of words) if (DARIJA.test(word)) votes += DARIJA_WEAK.test(word) ? 0.5 : 1;
  return votes >= 1 && votes >= 0.04 * words.length ? 'ary' : 'ar';
}

function latinLanguage(words: readonly string[], hint: string | undefined): string {
  const votes = new Map<LatinLanguage, number>();
  const vote = (language: LatinLanguage, weight: number) => votes.set(language, (votes.get(language) ?? 0) + weight);
  for (const word of words) voteOf(word.toLowerCase().replaceAll('’', "'"), vote);
  const hinted = hintedLanguage(hint);
  if (hinted) vote(hinted, LANGUAGE_RULES.hintVotes);

  const [first = ['und', 0], second = ['und', 0]] = [...votes].toSorted(
    (a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1),
  );
  if (first[1] < LANGUAGE_RULES.leastVotes) return 'und';
  const shared = first[1] < LANGUAGE_RULES.dominant * (first[1] + second[1]);
  return shared && second[1] >= LANGUAGE_RULES.mixedVotes ? 'mixed' : first[0];
}

const HINTS: readonly LatinLanguage[] = ['fr', 'en', 'es', 'ary-Latn', 'pt', 'it', 'de', 'nl'];
const hintedLanguage = (hint: string | undefined): LatinLanguage | undefined =>
  HINTS.find((language) => language === hint || language === hint?.slice(0, 2).toLowerCase());

type Vote = (language: LatinLanguage, weight: number) => void;

function voteOf(word: string, vote: Vote): void {
  const languages = LATIN_WORDS.get(word);
  if (languages) {
    for (const language of languages) vote(language, 1 / languages.length);
    return;
  }
  if (word.includes("'")) voteOfElision(word, vote);
  else voteOfSpelling(word, vote);
}

function voteOfElision(word: string, vote: Vote): void {
  if (/^(?:[ldjcnmts]|qu|lorsqu|puisqu|jusqu|aujourd)'/.test(word) && !/'(?:s|t|ll|re|ve|d|m)$/.test(word))
    vote('fr', 1);
  else if (/'(?:s|t|ll|re|ve|d|m)$/.test(word)) vote('en', 0.8);
}

/** Unknown words still show their language: by letters, by endings, by the digits that Darija writes sounds with. */
function voteOfSpelling(word: string, vote: Vote): void {
  if (/^(?=.*[a-z]{2})[a-z]*[379][a-z]+[379a-z]*$/.test(word)) vote('ary-Latn', 1.2);
  else if (
    /^(?:ka|kan|kay|kat|ghan|ghay|ta|tay|t)[bcdfghjklmnqrstwxyz]{2}|^ma.+ch(?:i)?$|^(?:kh|gh|dj|hh|ch)?.*(?:kh|gh[bdfjklmnrswz]|wch|sh?hal|bz|kch|dk|7|hch)/.test(
      word,
    )
  )
    vote('ary-Latn', 0.4);
  if (/[ñ¿¡]|ción$|ciones$|[áíóú]/.test(word)) vote('es', 0.8);
  else if (/(?:ado|ados|ada|adas|ando|iendo|mente|dad|dades|ito|ita|amos|emos|eis)$/.test(word)) vote('es', 0.5);
  if (/[èêçœîûëï]|é(?!$)|(?:tés?|ées?|é)$/.test(word)) vote('fr', 0.6);
  else if (
    /(?:eux|euse|aux|ait|aient|ement|eur|eurs|ique|iques|isme|aire|ance|tre|elle|elles|ette|oir|ois)$/.test(word)
  )
    vote('fr', 0.4);
  if (/[ãõ]|ção$|ções$/.test(word)) vote('pt', 0.8);
  if (/[äöüß]/.test(word)) vote('de', 0.6);
  if (/(?:ing|ings|ness|ful|ly|ght|tion's|ship|wn|ck|oo[a-z]|ee[a-z])$/.test(word)) vote('en', 0.4);
  else if (/^(?:wh|th|kn|wr|sh)|ed$/.test(word)) vote('en', 0.2);
}
