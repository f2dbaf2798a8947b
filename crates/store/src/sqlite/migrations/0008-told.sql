-- Notices to posts, a bounded number for each.
CREATE TABLE told (
  post    TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  shard   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  action  TEXT    NOT NULL,
  clock   TEXT,
  text    TEXT    NOT NULL,
  PRIMARY KEY (post, at, shard, seq)
) STRICT, WITHOUT ROWID;
