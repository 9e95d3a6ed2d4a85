-- Up Migration

-- What the source said the language is: with the text, all that an analysis depends on. Unknown of posts stored before.
alter table posts add column language_hint text;

-- Few values and many rows each: small, and the posts of another model are found without reading the others.
create index posts_model on posts (model, topics_version);

-- Posts by the model that scored them, by local month: what a chart mixes. Excluded posts are not counted, as elsewhere.
create table rollup_model (
  month date not null,
  model text not null,
  n bigint not null,
  primary key (month, model)
) with (fillfactor = 70);

insert into rollup_model (month, model, n)
select o.month, q.model, sum(q.n)
from (
  select date_bin('15 minutes', published_at, timestamptz '2000-01-01 00:00:00+00') as quarter, model, count(*) as n
  from posts where excluded_at is null group by 1, 2) q
cross join lateral (
  select date_trunc('month', (q.quarter at time zone 'UTC') + make_interval(mins => z.offset_minutes))::date as month
  from zone_offsets z
  where z.zone = (select value #>> '{}' from settings where key = 'reporting_zone') and z.from_at <= q.quarter
  order by z.from_at desc limit 1) o
group by 1, 2;

-- A run brings all posts to one model. Cursor and counts move in the transaction of the posts that they speak of.
create table rescores (
  id integer generated always as identity primary key,
  model text not null,
  topics_version text not null,
  -- how often people had edited topics and terms when it began
  topics_revision bigint not null default 0,
  dry_run boolean not null default false,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  -- the last post looked at, in the order of (published_at, post_id)
  cursor_at timestamptz,
  cursor_id bigint,
  seen bigint not null default 0,
  changed bigint not null default 0,
  topics_changed bigint not null default 0,
  -- { "neutral>positive": 12 }
  labels jsonb not null default '{}'
);
create unique index rescores_open on rescores ((true)) where finished_at is null;

-- Down Migration
drop table rescores, rollup_model;
drop index posts_model;
alter table posts drop column language_hint;
