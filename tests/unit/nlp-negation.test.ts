/** What negators, intensifiers and contrast do to the words around them, in each language. */
import { expect, test } from 'vitest';
import { GROUPS, type Group } from '../../shared/nlp/groups.ts';
import { annotate, emptyMarks, RULES } from '../../shared/nlp/lexicon/annotate.ts';
import { type Lexicon, loadLexicon, phraseForms, ROLES } from '../../shared/nlp/lexicon/lexicon.ts';
import { readTable } from '../../shared/nlp/packs/read.ts';
import { createReader } from '../../shared/nlp/reader.ts';

const reader = createReader();
const lexicons = Object.fromEntries(GROUPS.map((group) => [group, loadLexicon(group)])) as Record<Group, Lexicon>;

function marked(group: Group, text: string) {
  const { words, sentences } = reader.read(text);
  const marks = emptyMarks(words.length);
  for (const [from, to] of sentences) annotate(words, from, to, lexicons[group], marks);
  const written = words.map((word) => word.text);
  const standing = (flags: ArrayLike<number>) => written.filter((_, i) => flags[i] !== 0).join(' ');
  const hits = marks.hits.map((hit) => ({ ...hit, text: written.slice(hit.first, hit.last + 1).join(' ') }));
  return {
    /** The words that stand under a negation. */
    negated: standing(marks.negators),
    hits,
    hit: (of: string) => hits.find(({ text: found }) => found === of),
    factorOf: (word: string) => marks.factors[written.indexOf(word)],
    word: (token: number | undefined) => written[token ?? -1],
  };
}

test.each<[Group, string, string]>([
  // French: between "ne" and its closer, and after it; the word before a bare "pas".
  ['fr', 'ils ne sont pas honnêtes', 'sont honnêtes'],
  ['fr', 'ils ne respectent plus les clients', 'respectent les clients'],
  ['fr', 'ils ne respectent jamais les clients', 'respectent les clients'],
  ['fr', 'ils ne respectent aucun client', 'respectent client'],
  ['fr', 'ils ne respectent rien', 'respectent'],
  ['fr', 'ils ne respectent personne', 'respectent'],
  ['fr', 'ils ne respectent guère les clients', 'respectent les clients'],
  ['fr', 'un accueil pas honnête', 'accueil honnête'],
  ['fr', 'j’adore pas', 'adore'],
  ['fr', 'jamais honnête', 'honnête'],
  ['fr', 'aucune amélioration', 'amélioration'],
  ['fr', 'rien de solide', 'de solide'],
  ['fr', 'ni honnête ni moderne', 'honnête ni moderne'],
  ['fr', 'loin de la réussite', 'la réussite'],
  ['fr', 'ils ne sont honnêtes que le lundi', ''],
  ['ar', 'لم ينجح المشروع', 'ينجح المشروع'],
  ['ar', 'لن يتحسن', 'يتحسن'],
  ['ar', 'لا يوجد أي تقدم', 'يوجد اي تقدم'],
  ['ar', 'ليس صادقا', 'صادقا'],
  ['ar', 'الخدمة ليست ممتازة', 'ممتازه'],
  ['ar', 'الموظف غير صادق', 'صادق'],
  ['ar', 'بعيدا عن النجاح', 'النجاح'],
  ['ary', 'ماشي زوين', 'زوين'],
  ['ary', 'machi zwin', 'zwin'],
  ['ary', 'ما كيحتارموش الناس', 'كيحتارموش الناس'],
  ['ary', 'ma kay7tarmouch nas', 'kay7tarmouch nas'],
  ['ary', 'ma bghitch nkhdem', 'bghitch nkhdem'],
  ['ary', 'ما بقاش مزيان', 'بقاش مزيان'],
  ['ary', 'ما كيفهموش والو', 'كيفهموش'],
  ['ary', 'ma fhmt walo', 'fhmt'],
  ['ary', 'عمرو ما كان مزيان', 'ما كان مزيان'],
  ['en', 'they are not honest', 'honest'],
  ['en', 'they don’t respect customers', 'respect customers'],
  ['en', 'they never respect customers', 'respect customers'],
  ['en', 'hardly honest', 'honest'],
  ['en', 'far from honest', 'honest'],
  ['en', 'nothing reliable', 'reliable'],
  ['en', 'without respect', 'respect'],
  ['es', 'no son honestos', 'son honestos'],
  ['es', 'nunca respetan', 'respetan'],
  ['es', 'nadie respeta', 'respeta'],
  ['es', 'nada honesto', 'honesto'],
  ['es', 'lejos de ser perfecto', 'ser perfecto'],
  ['es', 'tampoco es bueno', 'es bueno'],
])('%s "%s" negates "%s"', (group, text, negated) => {
  expect(marked(group, text).negated).toBe(negated);
});

test.each<[Group, string]>([
  ['fr', 'on n’est plus juste un pays moderne, on avance'],
  ['fr', 'ils ne sont plus seulement honnêtes'],
  ['fr', 'il n’est pas seulement beau'],
  ['fr', 'non seulement honnête'],
  ['fr', 'pas mal, moderne'],
  ['fr', 'sans problème'],
  ['fr', 'sans doute honnête'],
  ['fr', 'pourquoi pas'],
  ['fr', 'n’est-ce pas honnête'],
  ['fr', 'plus que jamais honnête'],
  ['ar', 'لا شك أنه صادق'],
  ['ar', 'بدون شك ناجح'],
  ['ar', 'ما شاء الله صادق'],
  ['ar', 'ليس فقط صادقا'],
  ['ar', 'لا يزال صادقا'],
  ['ary', 'ما شاء الله زوين'],
  ['ary', 'بلا شك زوين'],
  ['ary', 'ماشي خايب'],
  ['ary', 'machi khayb'],
  ['ary', 'machi ghir zwin'],
  ['ary', 'mazal zwin'],
  ['ary', 'pas mal'],
  ['en', 'not only honest'],
  ['en', 'no doubt honest'],
  ['en', 'can’t wait'],
  ['es', 'no solo honesto'],
  ['es', 'sin duda honesto'],
])('%s "%s" negates nothing', (group, text) => {
  const { negated, hits } = marked(group, text);
  expect(negated).toBe('');
  expect(hits.filter((hit) => hit.negated)).toEqual([]);
});

test.each<[Group, string, string]>([
  ['fr', 'ils ne sont pas honnêtes mais modernes', 'sont honnêtes'],
  ['fr', 'ils ne sont pas honnêtes, modernes', 'sont honnêtes'],
  ['fr', 'ils ne sont pas honnêtes 😡 modernes', 'sont honnêtes'],
  ['ar', 'ليس صادقا ولكنه سريع', 'صادقا'],
  ['ar', 'ليس صادقا، سريع', 'صادقا'],
  ['ary', 'machi zwin walakin rkhis', 'zwin'],
  ['ary', 'ماشي رخيص، زوين', 'رخيص'],
  ['ary', 'machi zwin 7it ghali', 'zwin'],
  ['en', 'not honest but fast', 'honest'],
  ['en', 'not honest, fast', 'honest'],
  ['es', 'no son honestos pero rápidos', 'son honestos'],
  ['es', 'no son honestos, rápidos', 'son honestos'],
])('%s "%s" negates no further than "%s"', (group, text, negated) => {
  expect(marked(group, text).negated).toBe(negated);
});

test('a negation reaches a few words, not the whole sentence', () => {
  const { negated } = marked('en', 'not one two three four five six seven eight');
  expect(negated.split(' ')).toHaveLength(RULES.negationReach);
});

test('a negation ends with its sentence', () => {
  expect(marked('fr', 'Ce n’est pas\nhonnête').negated).not.toContain('honnête');
  expect(marked('en', 'It is not. Honest people').negated).toBe('');
});

test.each<[Group, string, string, string]>([
  ['fr', 'ils ne sont pas honnêtes', 'honnêtes', 'pas'],
  ['fr', 'ils ne respectent plus les clients', 'respectent', 'ne'],
  ['ar', 'ليس صادقا', 'صادقا', 'ليس'],
  ['ary', 'ماشي زوين', 'زوين', 'ماشي'],
  ['ary', 'ma3jbnich', 'ma3jbnich', 'ma3jbnich'],
  ['ary', 'mazwinch', 'mazwinch', 'mazwinch'],
  ['en', 'they are not honest', 'honest', 'not'],
  ['es', 'no son honestos', 'honestos', 'no'],
])('%s "%s": "%s" is negated by "%s"', (group, text, of, by) => {
  const { hit, word } = marked(group, text);
  expect(hit(of)).toMatchObject({ negated: true });
  expect(hit(of)?.weight).toBeGreaterThan(0);
  expect(word(hit(of)?.negator)).toBe(by);
});

test.each<[Group, string, string]>([
  ['fr', 'pas mal du tout', 'pas mal du tout'],
  ['fr', 'sans problème', 'sans problème'],
  ['ar', 'ما شاء الله', 'ما شاء الله'],
  ['ary', 'ماشي خايب', 'ماشي خايب'],
  ['ary', 'machi khayb', 'machi khayb'],
  ['en', 'not bad', 'not bad'],
  ['es', 'no está mal', 'no está mal'],
])('%s "%s" speaks for it as a whole', (group, text, entry) => {
  const { hit, hits } = marked(group, text);
  expect(hits).toHaveLength(1);
  expect(hit(entry)?.weight).toBeGreaterThan(0);
});

test.each<[Group, string, string, string]>([
  ['fr', 'un service très efficace', 'efficace', 'très'],
  ['fr', 'vraiment honnête', 'honnête', 'vraiment'],
  ['ar', 'صادق جدا', 'صادق', 'جدا'],
  ['ary', 'rkhis bzaf', 'rkhis', 'bzaf'],
  ['ary', 'bzaf rkhis', 'rkhis', 'bzaf'],
  ['ary', 'زوين بزاف', 'زوين', 'بزاف'],
  ['en', 'very reliable', 'reliable', 'very'],
  ['en', 'really reliable', 'reliable', 'really'],
  ['es', 'muy honesto', 'honesto', 'muy'],
  ['es', 'súper fiable', 'fiable', 'súper'],
])('%s "%s": "%s" weighs more for "%s", once', (group, text, of, by) => {
  const { hit, word } = marked(group, text);
  expect(hit(of)?.factor).toBeGreaterThan(1);
  expect(hit(of)?.factor).toBeLessThan(1.7);
  expect(word(hit(of)?.booster)).toBe(by);
});

test.each<[Group, string, string]>([
  ['fr', 'un peu lent', 'lent'],
  ['fr', 'ils sont moins honnêtes', 'honnêtes'],
  ['ary', 'ghali chwiya', 'ghali'],
  ['en', 'slightly slow', 'slow'],
  ['es', 'un poco lento', 'lento'],
])('%s "%s": "%s" weighs less', (group, text, of) => {
  expect(marked(group, text).hit(of)?.factor).toBeLessThan(1);
});

test('several intensifiers together stay within a limit', () => {
  expect(marked('fr', 'un service vraiment extrêmement efficace').hit('efficace')?.factor).toBe(RULES.strongestFactor);
});

test.each<[Group, string, string, string]>([
  ['fr', 'solide mais lent', 'solide', 'lent'],
  ['fr', 'solide, pourtant lent', 'solide', 'lent'],
  ['ar', 'سريع ولكن مكلف', 'سريع', 'مكلف'],
  ['ar', 'سريع لكن مكلف', 'سريع', 'مكلف'],
  ['ary', 'zwin walakin ghali', 'zwin', 'ghali'],
  ['ary', 'زوين ولكن غالي', 'زوين', 'غالي'],
  ['en', 'reliable but slow', 'reliable', 'slow'],
  ['es', 'fiable pero lento', 'fiable', 'lento'],
])('%s "%s": what comes after the turn weighs more', (group, text, before, after) => {
  const { factorOf } = marked(group, text);
  expect(factorOf(before)).toBe(RULES.beforeContrast);
  expect(factorOf(after)).toBe(RULES.afterContrast);
});

test.each<[Group, string, string, string]>([
  ['fr', 'bien que lent, honnête', 'lent', 'honnête'],
  ['fr', 'malgré la lenteur, ils sont honnêtes', 'lenteur', 'honnêtes'],
  ['ar', 'رغم البطء، صادق', 'البطء', 'صادق'],
  ['ary', 'wakha ghali, zwin', 'ghali', 'zwin'],
  ['en', 'although slow, reliable', 'slow', 'reliable'],
  ['es', 'aunque lento, fiable', 'lento', 'fiable'],
])('%s "%s": what is conceded weighs less', (group, text, conceded, meant) => {
  const { factorOf } = marked(group, text);
  expect(factorOf(conceded)).toBe(RULES.concession);
  expect(factorOf(meant)).toBe(1);
});

test('a text without such words is marked with nothing', () => {
  const { negated, hits, factorOf } = marked('fr', 'un service honnête');
  expect(negated).toBe('');
  expect(factorOf('honnête')).toBe(1);
  expect(hits).toMatchObject([{ text: 'honnête', negated: false, negator: -1, factor: 1, booster: -1 }]);
});

test.each(GROUPS)('rules of %s: known roles, values where they count, no phrase twice in a role', (group) => {
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (const { phrase, role, value } of readTable<'phrase' | 'role' | 'value'>(`${group}/rules.tsv`)) {
    const multiplies = role === 'booster' || role === 'damper';
    if (!(ROLES as readonly string[]).includes(role)) wrong.push(`${phrase}: role ${role}`);
    if (multiplies !== (value !== '')) wrong.push(`${phrase}: value ${value}`);
    if (role === 'booster' && !(Number(value) > 1 && Number(value) <= 2)) wrong.push(`${phrase}: ${value}`);
    if (role === 'damper' && !(Number(value) > 0 && Number(value) < 1)) wrong.push(`${phrase}: ${value}`);
    const name = `${phraseForms(phrase).join(' ')} ${role}`;
    if (multiplies && seen.has(name)) wrong.push(`${phrase}: counted twice`);
    seen.add(name);
  }
  expect(wrong).toEqual([]);
});

// The rule "n'" stands alone in its table, and an elision is only seen before a letter.
test.each<[Group, string, string]>([
  ['fr', 'il n’est plus honnête', 'est honnête'],
  ['fr', 'il n’aide personne', 'aide'],
  ['fr', 'loin d’être honnête', 'être honnête'],
])('an elided rule word works like the full one: %s "%s" negates "%s"', (group, text, negated) => {
  expect(marked(group, text).negated).toBe(negated);
});

// "marche toujours pas" is an entry that holds its own negation: "ne" has nothing left to wait for.
test('"ça ne marche toujours pas" is negative, not negated once more', () => {
  const { hits } = marked('fr', 'ça ne marche toujours pas');
  expect(hits.filter(({ negated }) => negated)).toEqual([]);
});

// "j'aime" is an entry of two words, and the negation reaches its second.
test('"j’aime pas" is no praise', () => {
  expect(marked('fr', 'j’aime pas').hits).toMatchObject([{ negated: true }]);
});

// "plus" is an intensifier as well.
test('"ne … plus" does not intensify', () => {
  expect(marked('fr', 'ils ne respectent plus les clients').hit('respectent')?.factor).toBe(1);
});

// Not every word m…ch or م…ش is made of "ma" and a verb.
test.each(['مراكش', 'Marrakech', 'معاش', 'moustache'])('"%s" is no negated verb', (word) => {
  expect(marked('ary', word).hits).toEqual([]);
});

test.each<[Group, string, string, string]>([
  ['fr', 'solide, sauf qu’il est lent', 'solide', 'lent'],
  ['fr', 'solide sauf que le service est lent', 'solide', 'lent'],
])('%s "%s" turns at its elided word too', (group, text, before, after) => {
  const { factorOf } = marked(group, text);
  expect(factorOf(before)).toBe(RULES.beforeContrast);
  expect(factorOf(after)).toBe(RULES.afterContrast);
});

// wrong: the ending -ch / -ش is taken off when "ma" is written onto the word ("mazwinch"), not when it stands before it.
test.each<[Group, string, string]>([
  ['ary', 'ma zwinch', 'zwin'],
  ['ary', 'ما زوينش', 'زوين'],
])('%s "%s" finds the entry between the two parts of the negation: %s', (group, text, entry) => {
  expect(marked(group, text).hits).toMatchObject([{ negated: true, weight: marked(group, entry).hits[0]?.weight }]);
});
