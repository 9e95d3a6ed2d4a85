/** What the commands of alerts and rules share. */
import { InvalidArgumentError } from 'commander';
import type { ActionDeps } from '../../shared/alertActions.ts';
import type { Context } from '../context.ts';

/** Who did it, as the audit log and the alert's events have it. */
export const BY = 'command line';

export type InContext = (work: (context: Context & ActionDeps) => Promise<void>) => Promise<void>;

/** A number of a list, as an argument. */
export function id(value: string): number {
  const n = Number(value);
  if (!/^[1-9]\d{0,9}$/.test(value) || n > 2_147_483_647)
    throw new InvalidArgumentError('expected a number from the list');
  return n;
}

/** One of some words, as an option. */
export function oneOf<T extends string>(values: readonly T[]): (value: string) => T {
  return (value) => {
    const found = values.find((one) => one === value);
    if (!found) throw new InvalidArgumentError(`expected one of ${values.join(', ')}`);
    return found;
  };
}

/** With two decimals, and no minus before nothing. */
export function toFigure(value: number): string {
  return (Math.round(value * 100) / 100 + 0).toFixed(2);
}
