-- Executions: the summary that lists and boot read; what an execution is, is its journal. Rows are small and sorted by id, which is
-- by time. An update names the columns of an index only when they change: it would be rewritten otherwise.
create table execution (
  id text primary key,
  namespace text not null,
  flow text not null,
  revision integer not null,
  state text not null,
  created integer not null,
  updated integer not null,
  ended integer,
  wake integer,
  active integer not null,
  version integer not null,
  seq integer not null,
  correlation_id text not null,
  parent text,
  "trigger" text,
  labels text not null,
  owner text not null
) without rowid;
create index execution_flow on execution (namespace, flow, id);
create index execution_namespace on execution (namespace, id);
create index execution_state on execution (state, id);
create index execution_correlation on execution (correlation_id, id);
create index execution_parent on execution (parent, id) where parent is not null;
create index execution_open on execution (owner, id) where ended is null;
create index execution_ended on execution (ended, seq) where ended is not null;

-- One row a change; the first holds the head. seq is given by the store and never given again.
create table journal (
  seq integer primary key,
  execution text not null,
  version integer not null,
  schema integer not null,
  record text not null,
  unique (execution, version)
);

-- A shortcut for folding long journals. format: the shape of the record; of another shape it is not read.
create table snapshot (
  execution text primary key,
  version integer not null,
  format text not null,
  record blob not null
);

-- What makes a start happen once; lives longer than the execution.
create table start_key (
  key text not null,
  "trigger" text not null,
  flow text not null,
  execution text not null,
  primary key (key, "trigger", flow)
) without rowid;

create table inbox (
  seq integer primary key,
  execution text not null,
  record text not null
);
create index inbox_execution on inbox (execution);

-- Places of a concurrency limit; seq is the order of arrival.
create table slot (
  seq integer primary key,
  scope text not null,
  execution text not null,
  granted integer not null,
  places integer not null,
  unique (scope, execution)
);
create index slot_scope on slot (scope, granted, seq);
create index slot_arrival on slot (scope, seq);
create index slot_execution on slot (execution);

create table position (
  reader text not null,
  part text not null,
  value text not null,
  primary key (reader, part)
) without rowid;

create table ledger (
  ledger text not null,
  key text not null,
  value text not null,
  until integer,
  primary key (ledger, key)
) without rowid;
create index ledger_until on ledger (until) where until is not null;

create table record (
  seq integer primary key,
  topic text not null,
  id text not null,
  time integer not null,
  size integer not null,
  record text not null,
  unique (topic, id)
);
create index record_topic on record (topic, seq);
create index record_time on record (topic, time);

create table topic (
  name text primary key,
  records integer not null,
  bytes integer not null,
  last integer not null
) without rowid;

create table dead_event (
  id text primary key,
  reader text not null,
  key text not null,
  record text not null,
  replayed integer,
  unique (reader, key)
);

create table log (
  seq integer primary key,
  execution text not null,
  record text not null
);
create index log_execution on log (execution, seq);

create table flow (
  namespace text not null,
  id text not null,
  revision integer not null,
  source text not null,
  hash text not null,
  created integer not null,
  path text,
  primary key (namespace, id, revision)
) without rowid;

-- The largest number given so far: a number is not given again after a purge.
create table counter (
  name text primary key,
  value integer not null
) without rowid;
insert into counter (name, value) values ('journal', 0), ('inbox', 0), ('record', 0), ('log', 0);

create table about (
  name text primary key,
  value text not null
) without rowid;
