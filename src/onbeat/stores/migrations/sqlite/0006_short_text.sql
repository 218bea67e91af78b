-- One or two letters are looked for in labels, too, without reading each of them: whatever two letters a label has, with blanks behind it
-- they begin three, and the index can tell which it has.
drop trigger label_is_kept;
drop trigger label_is_forgotten;
drop table label_text;
create virtual table label_text using fts5 (text, content = '', tokenize = 'trigram', detail = none, columnsize = 0);
create virtual table label_three using fts5vocab (label_text, row);
create trigger label_is_kept after insert on label begin
  insert into label_text (rowid, text) values (new.id, new.key || ':' || new.value || '  ');
end;
create trigger label_is_forgotten after delete on label begin
  insert into label_text (label_text, rowid, text) values ('delete', old.id, old.key || ':' || old.value || '  ');
end;
insert into label_text (rowid, text) select id, key || ':' || value || '  ' from label;
