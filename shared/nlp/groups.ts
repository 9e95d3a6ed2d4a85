/**
 * The languages Sada scores and the groups whose lexicons and weights they share.
 * Called throughout shared/nlp and by the training script.
 */

/** A language group: one folder of packs, one file of weights. Darija shares one for its two scripts. */
export const GROUPS = ['fr', 'ar', 'ary', 'en', 'es'] as const;
export type Group = (typeof GROUPS)[number];

/** The languages that are told apart and scored. */
export const LANGUAGES = ['fr', 'ar', 'ary', 'ary-Latn', 'en', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];

export const groupOf = (language: Language): Group => (language === 'ary-Latn' ? 'ary' : language);

export const isScored = (language: string): language is Language => (LANGUAGES as readonly string[]).includes(language);
