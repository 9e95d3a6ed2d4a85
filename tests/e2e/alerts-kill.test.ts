/** Workers killed while alerts are evaluated and delivered: each alert is there once, and each message arrives. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type AlertRun, runAlerts, storyBase, wrongsOf } from '../helpers/alertKilling.ts';
import { DRIVERS } from '../helpers/drivers.ts';

const base = storyBase(Date.now());
const seed = Date.now() % 1_000_000;
let undisturbed: AlertRun;

beforeAll(async () => {
  undisturbed = await runAlerts({ driver: 'postgres', kills: 0, seed, base });
}, 300_000);

test('the story raises alerts that are told, joined, followed up and resolved', () => {
  const { outcome, repeats, unknown, missing } = undisturbed;
  const types = outcome.events.map((event) => (event as { type: string }).type);
  expect(types).toEqual(expect.arrayContaining(['fired', 'joined', 'follow_up', 'recovering', 'resolved']));
  expect(outcome.alerts).toHaveLength(3);
  expect(outcome.deliveries.length).toBeGreaterThanOrEqual(10);
  expect({ repeats, unknown, missing }).toEqual({ repeats: 0, unknown: [], missing: [] });
});

describe.each(DRIVERS)('$title', ({ driver, possible }) => {
  test.skipIf(!possible)(
    'five kills lose no alert, change no message, and leave everything as an undisturbed run does',
    { timeout: 900_000 },
    async () => {
      process.stdout.write(`kill test of alerts on ${driver}: seed ${seed}\n`);
      const run = await runAlerts({ driver, kills: 5, seed, base, say: (line) => process.stdout.write(`  ${line}\n`) });
      expect(wrongsOf(run, undisturbed)).toEqual([]);
      expect(run.kills).toBeGreaterThanOrEqual(5);
    },
  );
});
