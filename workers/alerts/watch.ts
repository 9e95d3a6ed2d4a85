/**
 * The job `watch`, asked for every minute: brings the scopes up to date, evaluates the rules whose hours changed, looks
 * after open alerts, and puts due deliveries into the queue. Several may run at once, and any may die: nothing is decided
 * twice and nothing is lost, because each step finds in the database what is left to do.
 */
import { isDatabaseOutage } from '../../shared/errors.ts';
import type { Queues } from '../../shared/jobs.ts';
import { evaluationSeconds } from '../../shared/metrics.ts';
import { pendingRules } from '../../shared/store/decisions.ts';
import { dueDeliveries } from '../../shared/store/deliveries.ts';
import type { EngineDeps } from './engine.ts';
import { evaluateRule } from './evaluate.ts';
import { updateScopes } from './scopes.ts';
import { tendAlerts } from './tend.ts';

/** Deliveries put into the queue at a time. */
const DUE_LIMIT = 500;

export interface WatchDeps extends EngineDeps {
  queues: Pick<Queues, 'add'>;
}

/** One round. `signal`: finish the rule that is begun, then return. */
export async function watch(deps: WatchDeps, signal: AbortSignal): Promise<void> {
  await updateScopes(deps);
  await evaluateRules(deps, signal);
  if (signal.aborted) return;
  await tendAlerts(deps);
  await enqueueDue(deps);
}

/** Evaluates every rule whose scope has changed. A rule that fails is logged and tried again; the others go on. */
export async function evaluateRules(deps: EngineDeps, signal: AbortSignal): Promise<void> {
  for (const ruleId of await pendingRules(deps.db)) {
    if (signal.aborted) return;
    const end = evaluationSeconds.startTimer();
    try {
      const evaluated = await evaluateRule(deps, ruleId);
      end({ outcome: evaluated ? 'ok' : 'nothing' });
      if (evaluated && evaluated.alerts > 0) deps.log.info({ rule: ruleId, ...evaluated }, 'alerts changed');
    } catch (err) {
      end({ outcome: 'failed' });
      if (isDatabaseOutage(err)) throw err;
      deps.log.error({ err, rule: ruleId }, 'rule could not be evaluated');
    }
  }
}

/** Puts deliveries whose time has come into the queue, without waiting for the scheduler's sweep. */
async function enqueueDue({ db, queues, now }: WatchDeps): Promise<void> {
  for (const id of await dueDeliveries(db, DUE_LIMIT, now))
    await queues.add('deliver', { delivery_id: id }, `deliver-${id}`);
}
