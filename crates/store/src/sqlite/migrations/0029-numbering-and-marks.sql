-- Sequences of numbers that a county does not count on at the moment. They all stood in the head of its journal, which every batch reads and
-- writes: with a sequence for every hall and day it came to half a megabyte after a year. The head keeps those counted on lately.
CREATE TABLE numbering (
  shard INTEGER NOT NULL,
  name  TEXT    NOT NULL,
  last  INTEGER NOT NULL,
  PRIMARY KEY (shard, name)
) STRICT, WITHOUT ROWID;

-- Cases get marks of place and process in one: a job goes through them and then notes that none is left, by a name of its own: an older
-- server that still runs would note it for marks it does not make.
INSERT INTO setting (name, value) SELECT 'case_place_marks', 'all' WHERE NOT EXISTS (SELECT 1 FROM case_row);
