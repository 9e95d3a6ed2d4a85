/**
 * Tells Portuguese, Italian, German, Dutch, Catalan and Turkish from the languages that Sada scores, by their commonest words.
 * Called by detect.ts for texts in Latin letters: cheap enough to look at every word, once a word.
 */
import type { Word } from '../wink/words.ts';

/** Words that none of fr, en, es and Darija have, or rarely. */
const COMMON: Readonly<Record<string, string>> = {
  pt: 'não nao uma são você voce muito isso ele ela está dos das pelo pela meu minha então também mas foi tem aos obrigado ainda já vai bem fazer ter até quem seu sua nós eu num numa',
  it: 'il che di gli della delle dei degli nella nel sono è perché anche questo questa più ho hai abbiamo molto cosa così essere fatto gli quando io tutti sempre fare oggi grazie ciao anche alla dal dalla sul sulla',
  de: 'der die das und ist nicht ich wir sie mit für auf ein eine den dem des auch sich von zu wie aber noch nur werden wird haben hat sind war bei nach über durch oder wenn dass mehr schon',
  nl: 'het een van niet ik wij zijn dat dit voor met aan ook maar naar bij wordt hebben heeft deze nog wel geen uit over meer dan worden kan moet hij onze goed',
  ca: 'amb els les dels més però perquè això també molt aquesta aquest són ens són fer hem han avui bon dia gràcies nosaltres',
  tr: 've bir bu için çok değil ama gibi daha olarak ile var yok olan kadar sonra ben sen biz onlar ne nasıl güzel',
};

const LANGUAGES_OF = new Map<string, string[]>();
for (const [language, words] of Object.entries(COMMON)) {
  for (const word of new Set(words.split(' '))) LANGUAGES_OF.set(word, [...(LANGUAGES_OF.get(word) ?? []), language]);
}

/** Common words of ours that also stand in a list above: one of these does not count. */
const SHARED = new Set(
  'les das mas tem foi ter vai die war bei des den des ne de un von zu dan het van wel ben sen ama mi io bon dia dos num il der ho hai var ve bu'.split(
    ' ',
  ),
);
const SHARED_COUNTS = 0.4;
const LEAST_WORDS = 2;
const LEAST_SHARE = 0.22;

/** The languages that have a common word, as places in CODES, and what it counts for each. */
interface Foreign {
  readonly languages: readonly number[];
  readonly counts: number;
}

const CODES = Object.keys(COMMON);
const OURS: Foreign = { languages: [], counts: 0 };

/** What a word speaks for, found once a word. */
function foreignOf(word: Word): Foreign {
  if (word.foreign !== undefined) return word.foreign as Foreign;
  const text = word.text.toLowerCase();
  const languages = LANGUAGES_OF.get(text);
  const foreign = languages
    ? { languages: languages.map((code) => CODES.indexOf(code)), counts: SHARED.has(text) ? SHARED_COUNTS : 1 }
    : OURS;
  word.foreign = foreign;
  return foreign;
}

/** What each language was given, and the languages in the order in which they came up: the first of equals wins. */
const given = new Float64Array(CODES.length);
const order = new Uint8Array(CODES.length);

/** The code of a language that is not one of ours, when its common words leave no doubt. */
export function foreignLanguage(words: readonly Word[]): string | undefined {
  let spoken = 0;
  let found = 0;
  // Plain loops: this looks at every word of every text in Latin letters.
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] as Word;
    if (word.script !== 'latin') continue;
    spoken += 1;
    const foreign = foreignOf(word);
    if (foreign === OURS) continue;
    for (let k = 0; k < foreign.languages.length; k += 1) {
      const language = foreign.languages[k] as number;
      if (given[language] === 0) order[found++] = language;
      given[language] = (given[language] as number) + foreign.counts;
    }
  }
  let best = -1;
  let most = 0;
  for (let k = 0; k < found; k += 1) {
    const language = order[k] as number;
    if ((given[language] as number) > most) {
      most = given[language] as number;
      best = language;
    }
    given[language] = 0;
  }
  return best >= 0 && most >= LEAST_WORDS && most >= LEAST_SHARE * spoken ? CODES[best] : undefined;
}
