/**
 * The wrapper around every job: parses the payload, times, logs, counts, and tells the database's trouble from the job's.
 * workers/main.ts starts one for each queue.
 */

import type { QueueTarget } from '../shared/config.ts';
import { isDatabaseOutage } from '../shared/errors.ts';
import { JOBS, type JobData, type JobName, type JobWorker, startJobWorker } from '../shared/jobs.ts';
import type { Log } from '../shared/log.ts';
import { jobSeconds } from '../shared/metrics.ts';

/** How long a queue waits when the database is out, in milliseconds. No attempt is used up meanwhile. */
const OUTAGE_PAUSE_MS = 1_000;

export interface WorkerSettings {
  target: QueueTarget;
  lockMs: number;
  log: Log;
}

/** Starts `concurrency` jobs of a queue at a time. `handle` must be safe to repeat. */
export async function startWorker<N extends JobName>(
  { target, lockMs, log }: WorkerSettings,
  name: N,
  concurrency: number,
  handle: (data: JobData<N>, signal: AbortSignal) => Promise<unknown>,
): Promise<JobWorker> {
  const worker: JobWorker = await startJobWorker({
    target,
    name,
    concurrency,
    lockMs,
    onError: (err) => log.warn({ err, queue: name }, 'queue error'),
    async handle(data, signal) {
      const end = jobSeconds.startTimer({ queue: name });
      try {
        await handle(JOBS[name].parse(data) as JobData<N>, signal);
        end({ outcome: 'ok' });
      } catch (err) {
        end({ outcome: 'failed' });
        if (isDatabaseOutage(err)) {
          log.warn({ err, job: name }, 'database out of reach, the queue waits');
          return worker.pauseQueue(OUTAGE_PAUSE_MS);
        }
        log.error({ err, job: name, data }, 'job failed');
        throw err;
      }
    },
  });
  return worker;
}
