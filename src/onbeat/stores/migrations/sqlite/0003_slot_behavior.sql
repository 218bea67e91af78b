-- An execution asks for several places one after the other: what happens when a later one is not free is kept with the claim.
-- granted: 0 in line, 1 has its place, 2 will stand in line when it has the place before.
alter table slot add column behavior text not null default 'QUEUE';
