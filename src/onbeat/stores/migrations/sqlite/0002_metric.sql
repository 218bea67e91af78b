-- What tasks measured; one row a measurement.
create table metric (
  seq integer primary key,
  execution text not null,
  run integer not null,
  task text not null,
  attempt integer not null,
  at integer not null,
  type text not null,
  name text not null,
  value real not null,
  tags text not null
);
create index metric_execution on metric (execution, seq);
insert into counter (name, value) values ('metric', 0);
