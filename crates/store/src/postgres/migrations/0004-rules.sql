-- Rows that break a standing rule: since when, and the case opened for it.

CREATE TABLE violation (
  shard   INTEGER NOT NULL,
  rule    TEXT    COLLATE "C" NOT NULL,
  id      UUID    NOT NULL,
  place   BIGINT  NOT NULL,
  subject TEXT    COLLATE "C" NOT NULL,
  since   BIGINT  NOT NULL,
  opened  TEXT,
  PRIMARY KEY (shard, rule, id)
) /* by shard */;
CREATE INDEX violation_list     ON violation (rule, since, id, place);
CREATE INDEX violation_place    ON violation (rule, place);
CREATE INDEX violation_unopened ON violation (rule) WHERE opened IS NULL;

-- Rows registers start with, for views alone: what serves reads them from the packs.
CREATE TABLE seed (
  register   TEXT  COLLATE "C" NOT NULL,
  key        TEXT  COLLATE "C" NOT NULL,
  valid_from TEXT  COLLATE "C" NOT NULL,
  valid_to   TEXT  COLLATE "C",
  body       JSONB NOT NULL,
  PRIMARY KEY (register, key, valid_from)
) /* everywhere */;
