-- What lists are searched by beside the columns of an execution. Each distinct label is kept once, so that text is looked for in few rows.
create table label (
  id integer primary key,
  key text not null,
  value text not null,
  unique (key, value)
);
create table execution_label (
  label integer not null,
  execution text not null,
  primary key (label, execution)
) without rowid;
-- Which labels have three letters in a row; the labels themselves are asked whether they have the rest. It is kept by the triggers.
create virtual table label_text using fts5 (text, content = '', tokenize = 'trigram', detail = none, columnsize = 0);
create trigger label_is_kept after insert on label begin
  insert into label_text (rowid, text) values (new.id, new.key || ':' || new.value);
end;
create trigger label_is_forgotten after delete on label begin
  insert into label_text (label_text, rowid, text) values ('delete', old.id, old.key || ':' || old.value);
end;
insert into label (key, value)
select distinct each.key, each.value from execution cross join json_each(execution.labels) as each order by each.key, each.value;
insert into execution_label (label, execution)
select label.id, execution.id
from execution cross join json_each(execution.labels) as each cross join label on label.key = each.key and label.value = each.value
order by label.id, execution.id;
create index execution_trigger on execution ("trigger", id) where "trigger" is not null;

-- States of a flow or namespace are found without reading the executions. An execution that correlates with itself is found by its id.
drop index execution_state;
create index execution_state on execution (state, id, namespace, flow);
drop index execution_correlation;
create index execution_correlation on execution (correlation_id, id) where correlation_id <> id;

-- Lists by the end are in the order of their ids where two ended together.
drop index execution_ended;
create index execution_ended on execution (ended, id) where ended is not null;

-- Log lines of all executions are read by time and level; both are inside the record.
alter table log add column at integer generated always as (json_extract(record, '$.at')) virtual;
alter table log add column level text generated always as (json_extract(record, '$.level')) virtual;
create index log_level on log (level, at);
