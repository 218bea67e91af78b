-- Small JSON things that are neither flows nor executions: users, tokens, dashboards, views.
create table document (
  kind text not null,
  id text not null,
  value text not null,
  primary key (kind, id)
) without rowid;

-- Who did what. Rows are only added: what somebody did is not changed or removed by anything that uses the store.
create table audit (
  seq integer primary key,
  at integer not null,
  who text not null,
  action text not null,
  what text not null,
  before text not null,
  after text not null
);
create index audit_who on audit (who, seq);
create index audit_what on audit (what, seq);
create trigger audit_is_not_changed before update on audit begin select raise(abort, 'the audit log is only added to'); end;
create trigger audit_is_not_removed before delete on audit begin select raise(abort, 'the audit log is only added to'); end;
insert into counter (name, value) values ('audit', 0);
