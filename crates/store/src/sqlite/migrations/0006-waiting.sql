-- Cases that wait in a queue: what follows from the case as it stands. `rank` is the order turned round, so that the
-- front of a queue is the front of the index.
CREATE TABLE waiting (
  shard   INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  process TEXT    NOT NULL,
  place   INTEGER NOT NULL,
  lane    TEXT    NOT NULL,
  rank    INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  number  TEXT    NOT NULL,
  PRIMARY KEY (shard, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_front ON waiting (shard, process, place, rank, since, number);
CREATE INDEX waiting_lane  ON waiting (shard, process, place, lane, rank, since, number);
