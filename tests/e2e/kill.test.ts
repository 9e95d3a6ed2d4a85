/** Any process killed at any moment: every post is there once and the rollups equal a recount. */
import { describe, expect, test } from 'vitest';
import { DRIVERS } from '../helpers/drivers.ts';
import { killAtRandom } from '../helpers/killing.ts';

describe.each(DRIVERS)('$title', ({ driver, possible }) => {
  test.skipIf(!possible)(
    'five random kills during collection, import and push lose nothing and double nothing',
    async () => {
      const seed = Date.now() % 1_000_000;
      process.stdout.write(`kill test on ${driver}: seed ${seed}\n`);
      const report = await killAtRandom(driver, 5, seed, (line) => process.stdout.write(`  ${line}\n`));
      expect(report).toEqual({ ...report, posts: report.expected, counted: report.expected, wrong: [] });
    },
  );
});
