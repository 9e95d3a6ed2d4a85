-- Up Migration

-- A term that somebody added is named by a number: terms hold spaces, slashes and Arabic.
alter table topic_terms add column id integer generated always as identity;
alter table topic_terms add constraint topic_terms_id unique (id);

-- Raised by every edit of topics and terms, in its transaction: by it a worker sees that it must look anew.
insert into settings (key, value) values ('topics_revision', '0') on conflict (key) do nothing;

-- Down Migration
delete from settings where key = 'topics_revision';
alter table topic_terms drop column id;
