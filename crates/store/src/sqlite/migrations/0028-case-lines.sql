-- A shard is written in order, so its lines stand in the table as they are numbered: the index of a case's lines needs neither its shard nor
-- their numbers, which were a quarter of it.
DROP INDEX journal_case;
CREATE INDEX journal_case ON journal (case_id) WHERE case_id IS NOT NULL;
