-- Sequences of numbers that a county does not count on at the moment. They all stood in the head of its journal, which every batch reads and
-- writes: with a sequence for every hall and day it came to half a megabyte after a year. The head keeps those counted on lately.
CREATE TABLE numbering (
  shard INTEGER NOT NULL,
  name  TEXT    NOT NULL,
  last  INTEGER NOT NULL,
  PRIMARY KEY (shard, name)
) STRICT, WITHOUT ROWID;

-- Cases get marks of place and process in one: a job goes through them. Until it is done searches are narrowed by the rows alone.
DELETE FROM setting WHERE name = 'case_marks' AND EXISTS (SELECT 1 FROM case_row);
