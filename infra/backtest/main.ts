/**
 * Replays series of hours through the detectors of alerts, without a database: what would a rule have told, and when?
 * `npm run --silent backtest -- --input A.csv --input B.csv --metric net` writes one line an alarm: `series,time,direction`;
 * `--metric count` takes `timestamp,value` and writes `file,timestamp`, the last row of the alarm's hour.
 * A file with an error is told with its line; the others go on, and the exit code is 1.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { alarmTimes, backtest } from '../../shared/alerts/backtest.ts';
import { HOUR_MS } from '../../shared/alerts/hours.ts';
import { toParameters } from '../../shared/alerts/parameters.ts';
import { RuleBody, type RuleParameters, Sensitivity } from '../../shared/contracts/alerts.ts';
import { InputError, readCounts, readLabels } from './read.ts';

const METRICS = { net: 'net', negatives: 'negative_posts', count: 'posts' } as const;
type Metric = keyof typeof METRICS;

const options = new Command('backtest')
  .description('Replays CSV series through the detectors of alerts and writes when they would have gone off.')
  .requiredOption('--input <file>', 'CSV; may be repeated', (file: string, files: string[] = []) => [...files, file])
  .addOption(new Option('--metric <metric>', 'what is watched').choices(Object.keys(METRICS)).default('net'))
  .addOption(new Option('--sensitivity <level>').choices(Sensitivity.options).default('normal'))
  .option('--threshold <number>', 'net: hours of evidence; counts: −log10 of the chance', positive)
  .parse()
  .opts<{ input: string[]; metric: Metric; sensitivity: Sensitivity; threshold?: number }>();

const parameters = parametersOf(options.metric, options.sensitivity, options.threshold);
for (const file of options.input) {
  try {
    const lines = replay(file, options.metric, parameters);
    if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  } catch (error) {
    if (!(error instanceof InputError) && !isFileError(error)) throw error;
    const place = error instanceof InputError ? `${file}:${error.line}` : file;
    process.stderr.write(`${place}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError('expected a number above 0');
  return number;
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function parametersOf(metric: Metric, sensitivity: Sensitivity, threshold: number | undefined): RuleParameters {
  const body = RuleBody.parse({ name: metric, metric: METRICS[metric], direction: 'both', sensitivity });
  const parameters = toParameters(body, []);
  return threshold === undefined ? parameters : { ...parameters, alert_at: threshold };
}

function replay(file: string, metric: Metric, parameters: RuleParameters): string[] {
  const text = readFileSync(file, 'utf8');
  const { hours, lastRow } = metric === 'count' ? readCounts(text) : readLabels(text);
  const alarms = alarmTimes(backtest(parameters, hours).alerts);
  if (metric === 'count') return alarms.map(({ at }) => `${basename(file)},${lastRow.get(at - HOUR_MS) ?? ''}`);
  const series = basename(file).replace(/\.csv$/, '');
  // more negative posts are a fall of sentiment
  return alarms.map(
    ({ at, signal }) => `${series},${new Date(at).toISOString()},${signal === 'net_up' ? 'up' : 'down'}`,
  );
}
