/** Checks of text that came with a request, before anything else looks at it. Called by api/route.ts and the push. */
import type { FieldError } from '../shared/errors.ts';
import { printable } from './problem.ts';

const DEEPEST = 32;
const MOST = 10;

/** Strings that no database can hold (NUL, half of a character) and nesting beyond all need; at most ten are named. */
export function textProblems(value: unknown, pointer = ''): FieldError[] {
  const problems: FieldError[] = [];
  const waiting: { value: unknown; pointer: string; depth: number }[] = [{ value, pointer, depth: 0 }];
  // A loop and not recursion: the nesting is the sender's choice.
  for (let next = waiting.pop(); next && problems.length < MOST; next = waiting.pop()) {
    const { value: here, pointer: at, depth } = next;
    if (typeof here === 'string') {
      if (here.includes('\0')) problems.push({ pointer: at, detail: 'holds a NUL character' });
      else if (!here.isWellFormed())
        problems.push({ pointer: at, detail: 'holds half of a character (a lone surrogate)' });
    } else if (typeof here === 'object' && here !== null) {
      if (depth === DEEPEST) return [{ pointer: at.slice(0, 100), detail: `is nested deeper than ${DEEPEST} levels` }];
      for (const [key, child] of Object.entries(here)) {
        waiting.push({ value: child, pointer: `${at}/${pointerPart(key)}`, depth: depth + 1 });
      }
    }
  }
  return problems;
}

function pointerPart(key: string): string {
  return printable(key).replaceAll('~', '~0').replaceAll('/', '~1');
}
