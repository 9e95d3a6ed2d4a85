/**
 * `npm test`: every test, and at the end one line `N passed, N failed, N skipped`. Needs nothing installed: Postgres is
 * embedded; the Redis half runs where redis-server is found or REDIS_URL is set, and says so where it does not.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  success: boolean;
}

const folder = mkdtempSync(join(tmpdir(), 'sada-report-'));
const file = join(folder, 'report.json');
const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...process.argv.slice(2)];
const result = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], { stdio: 'inherit' });
let report: Report | undefined;
try {
  report = JSON.parse(readFileSync(file, 'utf8')) as Report;
} catch {
  process.stderr.write('the tests ended without a report\n');
}
rmSync(folder, { recursive: true, force: true });
const failed = report ? Math.max(report.numFailedTests, report.success ? 0 : 1) : 1;
const skipped = report ? report.numPendingTests + report.numTodoTests : 0;
process.stdout.write(`${report?.numPassedTests ?? 0} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = result.status === 0 && failed === 0 ? 0 : 1;
