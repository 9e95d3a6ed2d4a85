-- Up Migration

create type alert_metric as enum ('net', 'posts', 'negative_posts', 'terms');
create type alert_signal as enum ('net_down', 'net_up', 'posts', 'negative_posts', 'term');
create type alert_severity as enum ('info', 'warning', 'critical');
create type alert_state as enum ('firing', 'recovering', 'resolved');
create type delivery_state as enum ('held', 'waiting', 'sent', 'dead', 'replaced', 'cancelled');

-- ---------------------------------------------------------------- scopes: which posts a rule looks at

-- A scope never changes: another filter is another scope, so its id is the version that every alert names.
create table scopes (
  id integer generated always as identity primary key,
  filter jsonb not null,
  filter_key text not null unique,
  state text not null default 'filling' check (state in ('filling', 'ready')),
  -- filled from this hour on; moves back while history is filled in, newest hours first
  filled_from timestamptz,
  -- the first hour not yet closed
  filled_to timestamptz,
  -- how far back filling goes, known once it began
  fill_goal timestamptz,
  -- data version up to which changed hours have been worked in
  seen_version bigint not null default 0,
  created_at timestamptz not null default now()
);

-- Not additive (equal texts count once an hour), so kept for each scope, and counted anew when an hour changes.
-- dneg, dneu, dpos, c, authors, threads: after equal texts were put together. revision rises when a figure changes.
create table scope_hours (
  scope_id integer not null references scopes (id) on delete cascade,
  hour timestamptz not null,
  revision integer not null default 1,
  n integer not null,
  scored integer not null,
  neg integer not null,
  neu integer not null,
  pos integer not null,
  dneg integer not null,
  dneu integer not null,
  dpos integer not null,
  c bigint not null,
  authors integer not null,
  threads integer not null,
  complete boolean not null,
  -- data version at which it was counted: an older count never overwrites a newer one
  version bigint not null,
  primary key (scope_id, hour)
);

-- How many distinct threads or authors used each term in the three hours that end here: pairs of (hash, count), sorted.
create table scope_term_windows (
  scope_id integer not null references scopes (id) on delete cascade,
  window_end timestamptz not null,
  posts integer not null,
  pairs bytea not null,
  primary key (scope_id, window_end)
);

-- Days with a rhythm of their own, local days, both ends included. Editable: the moon decides.
create table calendar (
  id integer generated always as identity primary key,
  name text not null check (name in ('ramadan')),
  from_day date not null,
  to_day date not null,
  check (from_day <= to_day),
  -- one name for now; with a second one, periods of different names may overlap
  constraint calendar_overlap exclude using gist (daterange(from_day, to_day, '[]') with &&)
);
insert into calendar (name, from_day, to_day) values
  ('ramadan', '2024-03-12', '2024-04-09'), ('ramadan', '2025-03-02', '2025-03-30'), ('ramadan', '2026-02-19', '2026-03-19'),
  ('ramadan', '2027-02-08', '2027-03-08'), ('ramadan', '2028-01-28', '2028-02-25');

-- ---------------------------------------------------------------- channels, rules

-- `sealed` is encrypted with the installation's secret: a webhook's address is a password.
create table channels (
  id integer generated always as identity primary key,
  name text not null unique,
  kind text not null check (kind in ('email', 'webhook', 'slack', 'teams', 'discord', 'telegram', 'pagerduty')),
  settings jsonb not null default '{}',
  sealed bytea,
  -- false alarms a month that its reader accepts, over all rules that deliver to it
  budget real not null default 4 check (budget > 0 and budget <= 100),
  state text not null default 'active' check (state in ('active', 'paused', 'broken')),
  broken_reason text,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table alert_rules (
  id integer generated always as identity primary key,
  name text not null,
  -- raised by every change, also by one of the budget
  version integer not null default 1,
  scope_id integer not null references scopes (id),
  metric alert_metric not null,
  -- what the person chose: shared/contracts/alerts.ts, RuleBody
  body jsonb not null,
  -- what follows from it and from the budgets of its channels: what the detectors are given
  parameters jsonb not null,
  mode text not null default 'live' check (mode in ('live', 'shadow', 'paused')),
  sample boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- decisions on hours before are history and never sent
  live_from timestamptz not null default now(),
  -- sum of the revisions of the scope's hours up to which this version has decided: another sum means that some changed
  seen_revisions bigint,
  deleted_at timestamptz
);
-- A deleted rule keeps its alerts and gives its name back.
create unique index alert_rules_name on alert_rules (name) where deleted_at is null;

create table alert_rule_versions (
  rule_id integer not null references alert_rules (id) on delete cascade,
  version integer not null,
  scope_id integer not null,
  body jsonb not null,
  parameters jsonb not null,
  mode text not null,
  changed_by text not null,
  at timestamptz not null default now(),
  primary key (rule_id, version)
);

-- The detectors' state after an hour, a day apart: a changed hour is replayed from the one before it.
create table alert_checkpoints (
  rule_id integer not null references alert_rules (id) on delete cascade,
  version integer not null,
  hour timestamptz not null,
  state jsonb not null,
  primary key (rule_id, version, hour)
);

-- One decision for each rule version, hour and revision: whoever writes it acts on it, so nothing is acted on twice.
create table alert_decisions (
  rule_id integer not null references alert_rules (id) on delete cascade,
  version integer not null,
  hour timestamptz not null,
  revision integer not null,
  -- only what is of interest is kept whole: events, and figures for a chart
  outcome jsonb not null,
  at timestamptz not null default now(),
  primary key (rule_id, version, hour, revision)
);

-- ---------------------------------------------------------------- alerts: one incident each

create table alerts (
  id integer generated always as identity primary key,
  rule_id integer not null references alert_rules (id) on delete cascade,
  rule_version integer not null,
  scope_id integer not null,
  signal alert_signal not null,
  -- sha256 over rule, signal, scope, hour of the alarm: one alert, also for those who receive it
  dedup_key text not null unique,
  state alert_state not null default 'firing',
  severity alert_severity not null,
  -- shadow: decided, shown, never sent
  mode text not null check (mode in ('live', 'shadow')),
  sample boolean not null default false,
  -- estimated start of what happened, and the end of the hour that raised the alarm
  started_at timestamptz not null,
  fired_at timestamptz not null,
  recovering_at timestamptz,
  resolved_at timestamptz,
  resolution text check (resolution in ('recovered', 'rebased', 'closed', 'rule_changed', 'revised')),
  -- shared/contracts/alerts.ts, Evidence: figures and ids, never texts of posts
  evidence jsonb not null,
  model text not null,
  -- the alert whose messages speak for this one too
  parent_id integer references alerts (id),
  acknowledged_at timestamptz,
  acknowledged_by text,
  snoozed_until timestamptz,
  verdict text check (verdict in ('useful', 'noise')),
  verdict_by text,
  last_repeat_at timestamptz,
  escalated_at timestamptz,
  created_at timestamptz not null default now(),
  version integer not null default 1
);
create index alerts_open on alerts (rule_id, signal) where state <> 'resolved';
create index alerts_fired on alerts (fired_at desc, id desc);
create index alerts_parent on alerts (parent_id) where parent_id is not null;

-- What happened to an alert, in order; each may become a message. `by` is a person's or key's name, or null for Sada.
create table alert_events (
  alert_id integer not null references alerts (id) on delete cascade,
  seq integer not null,
  type text not null check (type in ('fired', 'escalated', 'follow_up', 'repeated', 'joined', 'recovering', 'resolved', 'rebased',
    'revised', 'unacknowledged', 'acknowledged', 'snoozed', 'note', 'verdict', 'no_data', 'data_back')),
  hour timestamptz,
  body jsonb not null default '{}',
  by_whom text,
  at timestamptz not null default now(),
  primary key (alert_id, seq)
);

create table silences (
  id integer generated always as identity primary key,
  -- which alerts: rule ids, signals, scope ids, severities; all that are named must fit
  matcher jsonb not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  ended_by text,
  version integer not null default 1,
  check (starts_at < ends_at)
);

-- The outbox: written with the state change, one row a channel; the queue only says that there is something to do.
create table deliveries (
  id uuid primary key,
  alert_id integer references alerts (id) on delete cascade,
  seq integer,
  channel_id integer not null references channels (id) on delete cascade,
  state delivery_state not null default 'waiting',
  -- shared/contracts/alerts.ts, AlertMessage; frozen, so that every attempt says the same. Emptied of excerpts once sent.
  message jsonb not null,
  -- what the receiver is shown as the id of the event
  event_id text not null,
  -- held until then: quiet hours, or the grouping of what belongs together
  not_before timestamptz not null default now(),
  attempts smallint not null default 0,
  last_status integer,
  last_error text,
  -- what a channel needs to answer in the same thread: a message id
  receipt jsonb,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  unique (alert_id, seq, channel_id)
);
create index deliveries_waiting on deliveries (not_before) where state in ('waiting', 'held');
create index deliveries_order on deliveries (alert_id, channel_id, seq);

-- ---------------------------------------------------------------- who changed what

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  object text not null,
  object_id text not null,
  before jsonb,
  after jsonb
);
create index audit_log_object on audit_log (object, object_id, id);

-- Down Migration
drop table audit_log, deliveries, silences, alert_events, alerts, alert_decisions, alert_checkpoints, alert_rule_versions,
  alert_rules, channels, calendar, scope_term_windows, scope_hours, scopes;
drop type delivery_state;
drop type alert_state;
drop type alert_severity;
drop type alert_signal;
drop type alert_metric;
