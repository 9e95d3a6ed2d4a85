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

const NONE: readonly string[] = [];
/** Languages whose common word this is, found once a word. */
function languagesOf(word: Word): readonly string[] {
  word.foreign ??= LANGUAGES_OF.get(word.text.toLowerCase()) ?? NONE;
  return word.foreign;
}

/** The code of a language that is not one of ours, when its common words leave no doubt. */
export function foreignLanguage(words: readonly Word[]): string | undefined {
  let spoken = 0;
  let counts: Map<string, number> | undefined;
  for (const word of words) {
    if (word.script !== 'latin') continue;
    spoken += 1;
    const languages = languagesOf(word);
    if (languages.length === 0) continue;
    counts ??= new Map();
    const counted = SHARED.has(word.text.toLowerCase()) ? SHARED_COUNTS : 1;
    for (const language of languages) counts.set(language, (counts.get(language) ?? 0) + counted);
  }
  if (!counts) return undefined;
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  return best && best[1] >= LEAST_WORDS && best[1] >= LEAST_SHARE * spoken ? best[0] : undefined;
}
