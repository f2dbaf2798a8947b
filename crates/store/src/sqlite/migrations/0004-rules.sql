-- Rows that break a standing rule: since when, and the case opened for it.

CREATE TABLE violation (
  shard   INTEGER NOT NULL,
  rule    TEXT    NOT NULL,
  id      BLOB    NOT NULL,
  place   INTEGER NOT NULL,
  subject TEXT    NOT NULL,
  since   INTEGER NOT NULL,
  opened  TEXT,
  PRIMARY KEY (shard, rule, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX violation_list     ON violation (rule, since, id, place);
CREATE INDEX violation_place    ON violation (rule, place);
CREATE INDEX violation_unopened ON violation (rule) WHERE opened IS NULL;

-- Rows registers start with, for views alone: what serves reads them from the packs.
CREATE TABLE seed (
  register   TEXT NOT NULL,
  key        TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to   TEXT,
  body       TEXT NOT NULL,
  PRIMARY KEY (register, key, valid_from)
) STRICT, WITHOUT ROWID;
