-- A batch writes rows of many counties. What is written once and looked up by its own key stands by that key and not by county first: ids
-- follow time, so the rows of a batch lie on one page and not on one for every county. What a deadline waits for stands by its time.
CREATE TABLE answer_by_command (
  shard   INTEGER NOT NULL,
  command BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  outcome TEXT    NOT NULL,
  PRIMARY KEY (command, shard)
) STRICT, WITHOUT ROWID;
INSERT INTO answer_by_command SELECT shard, command, at, outcome FROM answer ORDER BY command, shard;
DROP TABLE answer;
ALTER TABLE answer_by_command RENAME TO answer;

CREATE TABLE timer_by_time (
  shard   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  clock   TEXT    NOT NULL,
  PRIMARY KEY (at, shard, case_id, clock)
) STRICT, WITHOUT ROWID;
INSERT INTO timer_by_time SELECT shard, at, case_id, clock FROM timer ORDER BY at, shard, case_id, clock;
DROP TABLE timer;
ALTER TABLE timer_by_time RENAME TO timer;
