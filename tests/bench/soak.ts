/**
 * `npm run soak`: the kill test for longer, 30 rounds a driver. `npm run soak -- 100` for more; `-- 30 12345` repeats a
 * seed. Ends with one JSON line a driver and exit code 1 when anything is lost or doubled.
 */
import { DRIVERS } from '../helpers/drivers.ts';
import { killAtRandom } from '../helpers/killing.ts';

const rounds = Number(process.argv[2] ?? 30);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
for (const { driver, title, possible } of DRIVERS) {
  if (!possible) {
    process.stderr.write(`${title}\n`);
    continue;
  }
  const report = await killAtRandom(driver, rounds, seed, (line) => process.stderr.write(`${driver}: ${line}\n`));
  const good = report.posts === report.expected && report.counted === report.expected && report.wrong.length === 0;
  process.stdout.write(`${JSON.stringify({ driver, rounds, good, ...report, kills: report.kills.length })}\n`);
  if (!good) process.exitCode = 1;
}
