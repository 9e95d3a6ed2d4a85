/** What the files that evaluate rules hand to each other: their tools, and what a replay found. Types only. */
import type { MessageDeps } from '../../shared/alertMessages.ts';
import type { HourOutcome } from '../../shared/alerts/watch.ts';
import type { Signal } from '../../shared/contracts/alerts.ts';
import type { Log } from '../../shared/log.ts';
import type { AlertRule } from '../../shared/store/alertRules.ts';
import type { Db } from '../../shared/store/db.ts';
import type { StoredScope } from '../../shared/store/scopes.ts';

export interface EngineDeps extends MessageDeps {
  db: Db;
  log: Log;
  /** Who scores now: each alert names it. */
  model: string;
  /** Emerging terms are looked for in hours from here on; in the last three days by default. For replays. */
  termsSince?: Date;
}

export interface Replayed {
  rule: AlertRule;
  scope: StoredScope;
  /** Start of the first replayed hour, ms, and the signals that were open before it. */
  from: number;
  openBefore: Signal[];
  outcomes: HourOutcome[];
  /** Outcomes of the hours before, for charts. */
  earlier: HourOutcome[];
  /** End of the newest hour on which the rule had decided before, ms. */
  decidedUntil: number;
}
