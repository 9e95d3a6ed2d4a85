/**
 * Conditional changes: whoever changes a rule, an alert, a silence or a channel names the version that they saw, as
 * `If-Match: "3"`. Answers carry that version as their ETag. Called by api/routes/.
 */
import { AppError } from '../shared/errors.ts';

interface Conditional {
  header(name: string): string | undefined;
}

/** The version in If-Match; undefined for `*`. Throws precondition_required without one, precondition_failed for no version. */
export function versionOf({ header }: Conditional): number | undefined {
  const given = header('If-Match')?.trim();
  if (given === undefined || given === '')
    throw new AppError('precondition_required', 'Send the version that you saw as If-Match: "3", or If-Match: *');
  if (given === '*') return undefined;
  // A weak tag never matches, nor does what we never gave.
  const version = /^"?([1-9]\d{0,8})"?$/.exec(given)?.[1];
  if (version === undefined) throw new AppError('precondition_failed', 'If-Match is no version of this');
  return Number(version);
}

/** Tells the version that the answer shows. */
export function tagWith(
  input: { setHeader(name: string, value: string): void },
  { version }: { version: number },
): void {
  input.setHeader('ETag', `"${version}"`);
}
