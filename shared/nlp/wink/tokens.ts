/**
 * How a folded text is cut into tokens and how each token is typed: the regular expressions that the model hands to
 * wink-nlp. Called by model.ts. Try it: npx vitest run --project unit tests/unit/nlp-tokens.test.ts
 *
 * wink first splits a text by one expression and looks each piece up in its cache; only a piece it has never seen is
 * typed. The split expression below cuts whole tokens, so a piece is a token, and what a token is never depends on the
 * texts read before.
 */

/** The names of wink's token categories, in the order of the numbers that its tokenizer expects. */
export const CATEGORIES = [
  'unk',
  'word',
  'number',
  'url',
  'email',
  'mention',
  'hashtag',
  'emoji',
  'emoticon',
  'time',
  'ordinal',
  'currency',
  'punctuation',
  'symbol',
  'tabCRLF',
  'wordRP',
  'alpha',
  'apos',
  'decade',
  'shortForm',
] as const;
export type Category = (typeof CATEGORIES)[number];

const UNIT =
  '%|‰|€|\\$|£|(?:[Mm][Dd][Hh]s?|MAD|[Dd][Hh]s?|DHS?|[Dd]irhams?|درهم|دراهم|[Kk]m|MW|GW|kWh)(?![\\p{L}\\p{N}])';
const AMOUNT = `\\p{Nd}{1,3}(?: \\p{Nd}{3})+(?:[.,]\\p{Nd}+)?(?!\\p{Nd})|\\p{Nd}+(?:[.,:/-]\\p{Nd}+)*`;
const PICTURE = '\\p{Extended_Pictographic}[\\uFE0F\\uFE0E]?\\p{Emoji_Modifier}?';
const WORD = "[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N}_]*(?:['-][\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N}_]*)*";

const URL = '(?:[Hh]ttps?:\\/\\/|[Ww]ww\\.)[^\\s<>"«»]*[^\\s<>"«».,;:!?)\\]\'…،؛؟]';
const EMAIL = '[\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63})+';
const MENTION = '@[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N}_.]{0,60}';
const HASHTAG = '#[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N}_]*';
const EMOJI = `[0-9#*]\\uFE0F?\\u20E3|\\p{RI}\\p{RI}|${PICTURE}(?:\\u200D${PICTURE})*`;
const EMOTICON =
  "(?<![\\p{L}\\p{N}])(?:[:;=][-'^o]?[)(\\][DPpOo3|/\\\\*]+|[xX]D+|<3+|\\^_*\\^|-_+-|¯\\\\_\\(ツ\\)_\\/¯)(?![\\p{L}\\p{N}/])";
const TIME =
  '\\p{Nd}{1,2}[hH]\\p{Nd}{2}(?![\\p{L}\\p{N}])|\\p{Nd}{1,2}:\\p{Nd}{2}(?![\\p{L}\\p{N}])|\\p{Nd}{1,2}h(?![\\p{L}\\p{N}])';
const ORDINAL = '\\p{Nd}+(?:ers?|ère|re|[èe]?me|ième|e|nd|nde|st|rd|th|º|ª|°)(?![\\p{L}\\p{N}])';
const CURRENCY = `(?:${AMOUNT}) ?(?:${UNIT})`;
const NUMBER = `(?:${AMOUNT})(?![\\p{L}])`;
const APOS =
  "(?<![\\p{L}\\p{N}'])(?:[cdjlmnstCDJLMNST]|[Qq]u|[Jj]usqu|[Ll]orsqu|[Pp]uisqu|[Qq]uoiqu)'(?=[\\p{L}\\p{N}])";
const SHORT =
  '(?<![\\p{L}\\p{N}])(?:(?:\\p{L}\\.){2,}|(?:Mr|Mme|Mlle|Dr|Pr|St|Ste|etc|vs|Sra?|Uds?|av|bd|env|min|max|cf|ex|art|M|د|أ)\\.)';
const MARKS = '\\.{2,}|…+|[!?؟¡¿]+';

// What nearly every token is comes first: an expression tries its alternatives one after the other, at every token, and
// the general ones ask for classes of thousands of characters. This makes cutting three times as fast. None of these may
// match where one below would have matched something else; tests/unit/nlp-tokens.test.ts compares the two.
/** No x, with which an emoticon may begin. */
const COMMON_LETTER = 'A-WYZa-wyzÀ-ÖØ-öø-ÿ\\u0621-\\u064a\\u0671-\\u06d3';
const COMMON_WORD = `[${COMMON_LETTER}][${COMMON_LETTER}Xx0-9_]*`;
/** What follows a word that is no part of an address, a short form or an elision; the commonest first. */
const COMMON_NEXT = "(?=[ ,!?)\\n]|$|(?![\\p{L}\\p{M}\\p{N}_.@+'-]|:\\/))";
const COMMON = [
  COMMON_WORD + COMMON_NEXT,
  '[,،()«»"]',
  '[!?؟¡¿]+',
  '\\.(?=\\s|$)',
  `(?<![\\p{L}\\p{N}'])[cdjlmnst]'(?=[${COMMON_LETTER}])`,
];

/** Groups of Arabic or Latin letters, and everything else that stands alone, in the order in which they are tried. */
const SPLIT = [
  URL,
  EMAIL,
  MENTION,
  HASHTAG,
  EMOJI,
  EMOTICON,
  TIME,
  ORDINAL,
  CURRENCY,
  NUMBER,
  SHORT,
  APOS,
  WORD,
  MARKS,
];

const whole = (source: string): string => `^(?:${source})$`;
const category = (name: Category): number => CATEGORIES.indexOf(name);
/** A neighbour cannot be seen when a token is looked at alone. */
const alone = (source: string): string => source.replace(/\(\?<?[!=](?:\[[^\]]*\]|[^()\]])*\)/g, '');

const NEVER = ['^\\b\\B$', ''] as const;

/** The expression that cuts, without the short cuts of COMMON: what these must agree with. For tests. */
export const PLAIN_SPLITTER = [`(${SPLIT.join('|')}|\\n+|[^\\s])`, 'u'] as const;

/** The member `trex` of wink's core: `ltc` types whole tokens, `helpers.splitter` cuts the text. */
export const TOKEN_PATTERNS = {
  ltc: (
    [
      [COMMON_WORD, 'word'],
      [URL, 'url'],
      [EMAIL, 'email'],
      [MENTION, 'mention'],
      [HASHTAG, 'hashtag'],
      [EMOJI, 'emoji'],
      [EMOTICON, 'emoticon'],
      [TIME, 'time'],
      [ORDINAL, 'ordinal'],
      [CURRENCY, 'currency'],
      [NUMBER, 'number'],
      [SHORT, 'shortForm'],
      [APOS, 'apos'],
      [WORD, 'word'],
      [MARKS, 'punctuation'],
      ['\\n+', 'tabCRLF'],
      ['[\\p{P}]', 'punctuation'],
      ['[^]*', 'symbol'],
    ] as const
  ).map(([source, name]) => [whole(alone(source)), 'u', category(name)] as const),
  rtc: [],
  helpers: {
    // No token begins with a space: that is said before every alternative says so for itself.
    splitter: [`((?! )(?:${[...COMMON, ...SPLIT].join('|')}|\\n+|[^\\s]))`, 'u'],
    anyWithRP: NEVER,
    anyWithLP: NEVER,
    LPanyRP: NEVER,
  },
} as const;
