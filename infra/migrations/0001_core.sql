-- Up Migration

-- Words: the same closed sets as shared/contracts/words.ts.
create type post_kind as enum ('post', 'article', 'comment', 'repost');
create type label as enum ('negative', 'neutral', 'positive', 'not_scored');
create type hour_state as enum ('collected', 'partial', 'missing', 'late');

-- ---------------------------------------------------------------- installation

create table settings (
  key text primary key,
  value jsonb not null
);

-- One row, updated as the last act of every transaction that changes numbers: whoever holds its lock commits next, so
-- versions become visible in the order of their commits. A sequence or max(id) does not give that.
create table data_version (
  only_row boolean primary key default true check (only_row),
  version bigint not null
);
insert into data_version (version) values (0);

-- What each version changed, for live updates that resume by Last-Event-ID. Pruned: a log, not a record.
create table data_log (
  version bigint primary key,
  at timestamptz not null default clock_timestamp(),
  event text not null,
  payload jsonb not null
);

-- The only place that knows named zones: the database's own zone data may be years old.
create table zone_offsets (
  zone text not null,
  from_at timestamptz not null,
  to_at timestamptz not null,
  offset_minutes integer not null,
  primary key (zone, from_at),
  check (from_at < to_at)
);

create table topics (
  id smallint primary key check (id > 0),
  code text not null unique,
  names jsonb not null
);

-- Terms that people add to a topic; those of the packs stay in the packs.
create table topic_terms (
  topic smallint not null references topics (id),
  language text not null,
  term text not null,
  created_at timestamptz not null default now(),
  primary key (topic, language, term)
);

create table processes (
  id uuid primary key,
  role text not null,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

-- ---------------------------------------------------------------- sources

create table sources (
  id integer generated always as identity primary key,
  kind text not null,
  name text not null unique,
  site text not null,
  settings jsonb not null default '{}',
  keep text not null default 'matching' check (keep in ('matching', 'all')),
  every_minutes integer check (every_minutes between 1 and 10080),
  state text not null default 'active' check (state in ('active', 'paused')),
  sample boolean not null default false,
  created_at timestamptz not null default now()
);

-- The cursor moves in the transaction of the posts it covers; `version` makes a second run's older cursor lose.
create table source_state (
  source_id integer primary key references sources (id) on delete cascade,
  cursor jsonb,
  version bigint not null default 0,
  last_run_at timestamptz,
  last_success_at timestamptz,
  next_run_at timestamptz,
  not_before timestamptz,
  failures integer not null default 0,
  error jsonb,
  -- what the last good run had to tell: [{ code, detail }]
  notes jsonb not null default '[]'
);

-- The ledger: what is known of each hour of each source.
create table source_hours (
  source_id integer not null references sources (id) on delete cascade,
  hour timestamptz not null,
  state hour_state not null,
  reason text,
  updated_at timestamptz not null default now(),
  primary key (source_id, hour)
);
create index source_hours_hour on source_hours (hour) where state <> 'collected';

-- What became of everything that a source handed over, by UTC day of collection.
create table source_counts (
  source_id integer not null references sources (id) on delete cascade,
  day date not null,
  outcome text not null,
  n bigint not null,
  primary key (source_id, day, outcome)
);

-- ---------------------------------------------------------------- imports and pushes

create table imports (
  id integer generated always as identity primary key,
  source_id integer not null references sources (id) on delete cascade,
  file_name text not null,
  file_hash text not null,
  bytes bigint not null,
  options jsonb not null,
  state text not null default 'reading' check (state in ('reading', 'read', 'done', 'undone')),
  bytes_read bigint not null default 0,
  rows_read bigint not null default 0,
  rows_invalid bigint not null default 0,
  errors jsonb not null default '[]',
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create unique index imports_open on imports (source_id, file_hash) where state = 'reading';

-- Work that waits lives here and not in the queue: a queue may lose a job, never a post. Jobs carry the id.
create table import_chunks (
  id bigint generated always as identity primary key,
  import_id integer not null references imports (id) on delete cascade,
  seq integer not null,
  state text not null default 'waiting' check (state in ('waiting', 'done')),
  events jsonb,
  attempts smallint not null default 0,
  counts jsonb,
  created_at timestamptz not null default now(),
  done_at timestamptz,
  unique (import_id, seq)
);
create index import_chunks_waiting on import_chunks (id) where state = 'waiting';

create table inbox (
  id bigint generated always as identity primary key,
  source_id integer not null references sources (id) on delete cascade,
  -- set when it holds a half of an import's chunk that could not be worked off whole
  import_id integer references imports (id) on delete cascade,
  state text not null default 'waiting' check (state in ('waiting', 'done')),
  events jsonb,
  keys text[],
  attempts smallint not null default 0,
  counts jsonb,
  created_at timestamptz not null default now(),
  done_at timestamptz
);
create index inbox_waiting on inbox (id) where state = 'waiting';
create index inbox_keys on inbox using gin (keys) where state = 'waiting';

create table dead_posts (
  id bigint generated always as identity primary key,
  source_id integer not null references sources (id) on delete cascade,
  import_id integer references imports (id) on delete cascade,
  event jsonb not null,
  error text not null,
  created_at timestamptz not null default now()
);

-- ---------------------------------------------------------------- posts

-- Identity. Not partitioned, since partitions cannot hold a unique (site, external_id); tombstones outlive partitions.
create table post_keys (
  post_id bigint generated always as identity primary key,
  site text not null,
  external_id text not null,
  published_at timestamptz not null,
  revision integer not null default 1,
  deleted boolean not null default false,
  unique (site, external_id)
);

create table posts (
  post_id bigint not null,
  published_at timestamptz not null,
  edited_at timestamptz,
  collected_at timestamptz not null default now(),
  site text not null,
  external_id text not null,
  kind post_kind not null,
  source_id integer not null,
  import_id integer,
  thread text,
  author_key text,
  author_name text,
  title text,
  text text not null,
  url text,
  reach bigint,
  language text not null,
  text_key bigint not null,
  revision integer not null default 1,
  model_label label not null,
  human_label label,
  label label not null generated always as (coalesce(human_label, model_label)) stored,
  model_score double precision,
  score double precision generated always as (
    case
      when human_label is null then model_score
      when human_label = 'positive' then 1
      when human_label = 'negative' then -1
      when human_label = 'neutral' then 0
    end) stored,
  probability real,
  model text not null,
  topics_version text not null,
  vendor_sentiment text,
  explanation jsonb,
  excluded_at timestamptz,
  ingest_version smallint not null,
  primary key (published_at, post_id)
) partition by range (published_at);
create index posts_source on posts (source_id, published_at, post_id);
create index posts_import on posts (import_id) where import_id is not null;
create index posts_author on posts (author_key) where author_key is not null;
create index posts_text_key on posts (text_key, published_at);

create table post_topics (
  post_id bigint not null,
  published_at timestamptz not null,
  topic smallint not null,
  model_label label not null,
  human_label label,
  label label not null generated always as (coalesce(human_label, model_label)) stored,
  model_score double precision,
  score double precision generated always as (
    case
      when human_label is null then model_score
      when human_label = 'positive' then 1
      when human_label = 'negative' then -1
      when human_label = 'neutral' then 0
    end) stored,
  primary key (published_at, post_id, topic)
) partition by range (published_at);
create index post_topics_topic on post_topics (topic, published_at, post_id);

create table post_entities (
  post_id bigint not null,
  published_at timestamptz not null,
  entity text not null,
  kind text not null,
  start_at integer not null,
  end_at integer not null,
  primary key (published_at, post_id, entity, start_at)
) partition by range (published_at);
create index post_entities_entity on post_entities (entity, published_at, post_id);

create table post_sources (
  post_id bigint not null,
  source_id integer not null,
  import_id integer not null default 0,
  seen_at timestamptz not null default now(),
  primary key (post_id, source_id, import_id)
);
create index post_sources_import on post_sources (import_id) where import_id <> 0;

-- The hash of what an edit replaced: proves that a text changed without keeping the old one.
create table post_revisions (
  post_id bigint not null,
  revision integer not null,
  content_hash text not null,
  replaced_at timestamptz not null default now(),
  primary key (post_id, revision)
);

-- ---------------------------------------------------------------- rollups

-- Topic 0 counts each post once with its own label; a topic's row counts that topic's label.
-- score_sum is in 1e-4, score_sq_sum in 1e-8: whole numbers, so that adding and taking away leaves no dust.
create table rollup_hour (
  topic smallint not null,
  hour timestamptz not null,
  language text not null,
  source_id integer not null,
  kind post_kind not null,
  n integer not null,
  scored integer not null,
  positive integer not null,
  neutral integer not null,
  negative integer not null,
  score_sum bigint not null,
  score_sq_sum bigint not null,
  primary key (topic, hour, language, source_id, kind)
) with (fillfactor = 70);

-- Days are local days of the installation's reporting zone.
create table rollup_day (
  topic smallint not null,
  day date not null,
  language text not null,
  source_id integer not null,
  kind post_kind not null,
  n integer not null,
  scored integer not null,
  positive integer not null,
  neutral integer not null,
  negative integer not null,
  score_sum bigint not null,
  score_sq_sum bigint not null,
  primary key (topic, day, language, source_id, kind)
) with (fillfactor = 70);

-- Local months: a year by topic is a few thousand cells here and a quarter of a million by days.
create table rollup_month (
  topic smallint not null,
  month date not null,
  language text not null,
  source_id integer not null,
  kind post_kind not null,
  n integer not null,
  scored integer not null,
  positive integer not null,
  neutral integer not null,
  negative integer not null,
  score_sum bigint not null,
  score_sq_sum bigint not null,
  primary key (topic, month, language, source_id, kind)
) with (fillfactor = 70);

-- Hours whose posts retention has removed: their numbers stay and can no longer be recounted.
create table expired_months (
  month date primary key,
  posts bigint not null,
  expired_at timestamptz not null default now()
);

create table reconciliations (
  id bigint generated always as identity primary key,
  from_at timestamptz not null,
  to_at timestamptz not null,
  cells_checked bigint not null,
  cells_repaired bigint not null,
  repaired jsonb not null default '[]',
  at timestamptz not null default now()
);

-- ---------------------------------------------------------------- access

create table api_keys (
  id integer generated always as identity primary key,
  public_part text not null unique,
  hash text not null,
  name text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table idempotency_keys (
  caller text not null,
  key text not null,
  request_hash text not null,
  response jsonb not null,
  created_at timestamptz not null default now(),
  primary key (caller, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);

-- Down Migration
drop table idempotency_keys, api_keys, reconciliations, expired_months, rollup_month, rollup_day, rollup_hour, post_revisions,
  post_sources, post_entities, post_topics, posts, post_keys, dead_posts, inbox, import_chunks, imports, source_counts,
  source_hours, source_state, sources, processes, topic_terms, topics, zone_offsets, data_log, data_version, settings;
drop type hour_state;
drop type label;
drop type post_kind;
