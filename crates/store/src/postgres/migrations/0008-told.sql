-- Notices to posts, a bounded number for each.
CREATE TABLE told (
  post    TEXT    COLLATE "C" NOT NULL,
  at      BIGINT  NOT NULL,
  shard   INTEGER NOT NULL,
  seq     BIGINT  NOT NULL,
  case_id UUID    NOT NULL,
  action  TEXT    NOT NULL,
  clock   TEXT,
  text    TEXT    NOT NULL,
  PRIMARY KEY (post, at, shard, seq)
) /* everywhere */;
