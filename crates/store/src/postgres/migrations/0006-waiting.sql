-- Cases that wait in a queue: what follows from the case as it stands. `rank` is the order turned round, so that the
-- front of a queue is the front of the index.
CREATE TABLE waiting (
  shard   INTEGER NOT NULL,
  case_id UUID    NOT NULL,
  process TEXT    COLLATE "C" NOT NULL,
  place   BIGINT  NOT NULL,
  lane    TEXT    COLLATE "C" NOT NULL,
  rank    BIGINT  NOT NULL,
  since   BIGINT  NOT NULL,
  number  TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (shard, case_id)
) /* by shard */;
CREATE INDEX waiting_front ON waiting (process, place, shard, rank, since, number);
CREATE INDEX waiting_lane  ON waiting (process, place, lane, shard, rank, since, number);
