/** Reads what a request says, with every problem named. Called by api/route.ts and the push. */
import type { z } from 'zod';
import { AppError, type FieldError } from '../shared/errors.ts';
import { fieldErrors, printable } from './problem.ts';

/** Query parameters by name; a filter that is repeated is a longer list. */
export function readQuery(url: string): Record<string, string> {
  const query = new Map<string, string>();
  const at = url.indexOf('?');
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : url.slice(at + 1))) {
    const before = query.get(name);
    if (before !== undefined && !/^(topic|language|source|kind|label)!?$/.test(name))
      refuse([{ pointer: `?${printable(name)}`, detail: 'is given twice' }]);
    query.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(query);
}

/** A value of the schema. Throws `invalid` with every problem; '?' names query parameters, '' places in the body. */
export function check(schema: z.ZodType, value: unknown, prefix: '?' | ''): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) refuse(fieldErrors(parsed.error, prefix));
  return parsed.data;
}

/** Throws `invalid` with these problems, at most 50, unless there is none. */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new AppError('invalid', 'Some values are wrong', { errors: errors.slice(0, 50) });
}
