/**
 * Measures what rules on net sentiment mean at different volumes and prints the rows of shared/alerts/measured.ts.
 * Run it after a change of the detectors: `node --import tsx tests/bench/alertTable.ts` takes about half an hour.
 * A number as argument sets how many series are made for each volume, 100 by default.
 */
import { alarmTimes, backtest } from '../../shared/alerts/backtest.ts';
import { HOUR_MS, type ScopeHour } from '../../shared/alerts/hours.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { RuleBody, type RuleParameters } from '../../shared/contracts/alerts.ts';
import { aSeries } from '../helpers/series.ts';

const VOLUMES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
const BANDS = [
  { band: 1.25, evidence: [240, 720, 2_160, 7_200, 72_000] },
  { band: 2, evidence: [720, 2_160, 7_200, 72_000] },
];
const FALLS = [0.2, 0.3];
const LEARNED = 672;
const WEEK = 168;

const count = Number(process.argv[2] ?? 100);
const base = toParameters(RuleBody.parse({ name: 'table', metric: 'net' }), []);
const settings = BANDS.flatMap(({ band, evidence }) => evidence.map((alert_at) => ({ ...base, band, alert_at })));

for (const volume of VOLUMES) {
  const calm = measureCalm(volume);
  const delays = FALLS.map((size) => measureFall(volume, size));
  for (const [i, { band, alert_at }] of settings.entries()) {
    const row = [band, alert_at, volume, Number(calm[i]?.toFixed(2)), ...delays.flatMap((delay) => delay[i] ?? [])];
    process.stdout.write(`  [${row.map(String).join(', ')}],\n`);
  }
}

/** Alarms in 720 hours without a shift, for each setting. */
function measureCalm(volume: number): number[] {
  const alarms = settings.map(() => 0);
  for (let seed = 0; seed < count; seed++) {
    const hours = aSeries({ seed: 40_000 + seed, volume, weeks: 12 });
    for (const [i, parameters] of settings.entries())
      alarms[i] = (alarms[i] ?? 0) + alarmsFrom(parameters, hours, LEARNED).length;
  }
  return alarms.map((n) => (n * 720) / (count * 8 * WEEK));
}

/** For each setting: median hours until a lasting fall is found (null: most are not within a week), and the share found. */
function measureFall(volume: number, size: number): [number | null, number][] {
  const found: number[][] = settings.map(() => []);
  for (let seed = 0; seed < count; seed++) {
    const at = LEARNED + ((seed * 37) % WEEK);
    const hours = aSeries({ seed: 60_000 + seed, volume, weeks: 6, fall: { at, hours: WEEK, size } });
    for (const [i, parameters] of settings.entries()) {
      const [first] = alarmsFrom(parameters, hours, at);
      found[i]?.push(first === undefined || first > WEEK ? Number.POSITIVE_INFINITY : first);
    }
  }
  return found.map((delays) => {
    const median = delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)] ?? Number.POSITIVE_INFINITY;
    const share = delays.filter(Number.isFinite).length / delays.length;
    return [Number.isFinite(median) ? median : null, share];
  });
}

/** Hours from the start of hour `from` to the ends of the hours that raised an alarm. */
function alarmsFrom(parameters: RuleParameters, hours: ScopeHour[], from: number): number[] {
  const start = hours[from]?.at ?? 0;
  return alarmTimes(backtest(parameters, hours).alerts)
    .map(({ at }) => (at - start) / HOUR_MS)
    .filter((hour) => hour > 0);
}
