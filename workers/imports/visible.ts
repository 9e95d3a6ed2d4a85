/**
 * Makes what a file says, its name and those of its columns, fit to be shown: nothing in it moves a terminal, turns the
 * direction of a line or hides. Called wherever a file is quoted: imports/*, workers/importFile.ts, infra/commands/import.ts.
 * Try it: `visible('id\x1b[31m')` is 'id\ufffd[31m'.
 */

/** Emoji have U+FE0E and U+FE0F, and the Arabic signs of category Cf that stand over numbers are seen. */
const INVISIBLE =
  /(?![\ufe0e\ufe0f\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with U+FFFD for each control, bidi control or other invisible character, line ends and tabs included. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, '\ufffd');
}

/** A value as one line of JSON that loses none of these characters: they are escaped. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
