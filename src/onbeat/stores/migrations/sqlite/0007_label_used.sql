-- When each label was used last, as the beginning of the newest id that has it: of a text that many labels have, only those used last are
-- looked at. Seven of 22 characters are 0.6 s: a label that each execution has is not written with each.
alter table label add column used text not null default '';
update label set used = coalesce((select substr(max(execution), 1, 7) from execution_label where label = label.id), '');
