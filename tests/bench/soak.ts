/**
 * `npm run soak`: the kill tests for longer, on each driver: 30 rounds while posts come in, 50 kills while alerts are
 * evaluated and delivered. `npm run soak -- 100` for as many of each; `-- 30 12345` repeats a seed; `-- 50 12345 alerts`
 * (or `posts`) runs that half alone, and a driver after it that one alone. Ends with one JSON line a driver and half, and
 * exit code 1 when anything is lost, doubled or different.
 */
import { type AlertRun, runAlerts, storyBase, wrongsOf } from '../helpers/alertKilling.ts';
import { DRIVERS } from '../helpers/drivers.ts';
import { killAtRandom } from '../helpers/killing.ts';

type Driver = (typeof DRIVERS)[number]['driver'];

const given = process.argv[2] ? Number(process.argv[2]) : undefined;
const seed = Number(process.argv[3] || Date.now() % 1_000_000);
const [half, only] = process.argv.slice(4);
for (const { driver, title, possible } of DRIVERS) {
  if (only !== undefined && only !== driver) continue;
  if (!possible) {
    process.stderr.write(`${title}\n`);
    continue;
  }
  if (half !== 'alerts') await soakPosts(driver, given ?? 30);
  if (half !== 'posts') await soakAlerts(driver, given ?? 50);
}

async function soakPosts(driver: Driver, rounds: number): Promise<void> {
  const report = await killAtRandom(driver, rounds, seed, (line) => process.stderr.write(`${driver}: ${line}\n`));
  const good = report.posts === report.expected && report.counted === report.expected && report.wrong.length === 0;
  tell({ driver, of: 'posts', rounds, good, ...report, kills: report.kills.length });
}

async function soakAlerts(driver: Driver, kills: number): Promise<void> {
  process.stderr.write(`${driver}: alerts, seed ${seed}\n`);
  const options = { driver, seed, base: storyBase(Date.now()) };
  const undisturbed: AlertRun = await runAlerts({ ...options, kills: 0 });
  const run = await runAlerts({ ...options, kills, say: (line) => process.stderr.write(`${driver}: ${line}\n`) });
  const wrong = wrongsOf(run, undisturbed);
  const { repeats, attempts } = run;
  tell({ driver, of: 'alerts', seed, good: wrong.length === 0, kills: run.kills, attempts, repeats, wrong });
}

function tell(line: { good: boolean } & Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (!line.good) process.exitCode = 1;
}
