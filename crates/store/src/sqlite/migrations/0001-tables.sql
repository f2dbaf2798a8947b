-- Every table of one installation. Keys begin with the shard (the county) wherever a row belongs to one. Instants are
-- microseconds since 1970-01-01T00:00Z, places their padded 15-digit codes, ids 16 bytes, rows canonical JSON.

CREATE TABLE shard_head (
  shard     INTEGER PRIMARY KEY,
  seq       INTEGER NOT NULL,
  numbering TEXT    NOT NULL,
  frontier  BLOB    NOT NULL
) STRICT;

-- Small columns first, so that a condition is judged without reading past the body. `due` is the largest integer for
-- cases without a deadline, so that they sort last without a case distinction.
CREATE TABLE case_row (
  shard      INTEGER NOT NULL,
  id         BLOB    NOT NULL,
  process    TEXT    NOT NULL,
  number     TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  kind       TEXT,
  place      INTEGER NOT NULL,
  township   INTEGER,
  level      INTEGER NOT NULL,
  is_open    INTEGER NOT NULL,
  due        INTEGER NOT NULL,
  opened_at  INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  closed_at  INTEGER,
  assignee   TEXT,
  assist     TEXT,
  opened_by  TEXT,
  lon        REAL,
  lat        REAL,
  version    INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (shard, id)
) STRICT;
CREATE UNIQUE INDEX case_number ON case_row (shard, number);
CREATE INDEX case_due          ON case_row (due, id)           WHERE is_open = 1;
CREATE INDEX case_due_shard    ON case_row (shard, due, id)    WHERE is_open = 1;
CREATE INDEX case_due_township ON case_row (township, due, id) WHERE is_open = 1;
CREATE INDEX case_due_place    ON case_row (place, due, id)    WHERE is_open = 1;
CREATE INDEX case_due_assignee ON case_row (assignee, due, id) WHERE is_open = 1;
CREATE INDEX case_opened          ON case_row (opened_at, id);
CREATE INDEX case_opened_shard    ON case_row (shard, opened_at, id);
CREATE INDEX case_opened_township ON case_row (township, opened_at, id);
CREATE INDEX case_opened_place    ON case_row (place, opened_at, id);
CREATE INDEX case_opened_assignee ON case_row (assignee, opened_at, id);
CREATE INDEX case_opened_by       ON case_row (opened_by, opened_at, id) WHERE opened_by IS NOT NULL;
CREATE INDEX case_state ON case_row (process, state, place);

CREATE TABLE case_assist (
  shard INTEGER NOT NULL,
  id    BLOB    NOT NULL,
  post  TEXT    NOT NULL,
  PRIMARY KEY (shard, id, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_assist_post ON case_assist (post, shard, id);

CREATE TABLE journal (
  shard   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  case_id BLOB,
  command BLOB    NOT NULL,
  leaf    BLOB    NOT NULL,
  entry   TEXT    NOT NULL,
  PRIMARY KEY (shard, seq)
) STRICT;
CREATE INDEX journal_case ON journal (shard, case_id, seq) WHERE case_id IS NOT NULL;
-- An insert that replaces would run past the other two.
CREATE TRIGGER journal_goes_on BEFORE INSERT ON journal
  WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal WHERE shard = NEW.shard)
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only, without gaps'); END;
CREATE TRIGGER journal_keeps_lines BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_loses_none BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE timer (
  shard   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  clock   TEXT    NOT NULL,
  PRIMARY KEY (shard, at, case_id, clock)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact (
  shard   INTEGER NOT NULL,
  measure TEXT    NOT NULL,
  day     INTEGER NOT NULL,
  place   INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  dim     TEXT    NOT NULL,
  value   INTEGER NOT NULL,
  PRIMARY KEY (shard, measure, day, place, case_id)
) STRICT, WITHOUT ROWID;

-- `period`: 0 for stocks, days since 1970 as they are, months since January of the year 0 negative.
CREATE TABLE tally (
  shard   INTEGER NOT NULL,
  measure TEXT    NOT NULL,
  place   INTEGER NOT NULL,
  period  INTEGER NOT NULL,
  dim     TEXT    NOT NULL,
  rows    INTEGER NOT NULL,
  sum     INTEGER NOT NULL,
  PRIMARY KEY (shard, measure, place, period, dim)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
  shard   INTEGER NOT NULL,
  command BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  outcome TEXT    NOT NULL,
  PRIMARY KEY (shard, command)
) STRICT, WITHOUT ROWID;

CREATE TABLE seal_key (
  shard   INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  wrapped TEXT    NOT NULL,
  PRIMARY KEY (shard, case_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE unique_value (
  shard  INTEGER NOT NULL,
  field  TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  number TEXT    NOT NULL,
  PRIMARY KEY (shard, field, value)
) STRICT, WITHOUT ROWID;

-- `valid_from` is empty for rows without a first day, which sorts them first.
CREATE TABLE record (
  shard      INTEGER NOT NULL,
  register   TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  valid_from TEXT    NOT NULL,
  valid_to   TEXT,
  version    INTEGER NOT NULL,
  place      INTEGER,
  updated_at INTEGER NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (shard, register, key, valid_from)
) STRICT;

CREATE TABLE place (
  code       INTEGER NOT NULL,
  valid_from TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  PRIMARY KEY (code, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE outline (
  code     INTEGER PRIMARY KEY,
  geometry TEXT    NOT NULL
) STRICT;

CREATE TABLE post (
  id   TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE account (
  id   TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE session (
  token_hash TEXT    NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  body       TEXT    NOT NULL
) STRICT;

CREATE TABLE file (
  id      TEXT NOT NULL PRIMARY KEY,
  shard   INTEGER,
  case_id BLOB,
  body    TEXT NOT NULL
) STRICT;

CREATE TABLE access (
  line    INTEGER PRIMARY KEY,
  shard   INTEGER NOT NULL,
  case_id BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  body    TEXT    NOT NULL
) STRICT;
CREATE INDEX access_case ON access (shard, case_id, at);

CREATE TABLE cursor (
  job   TEXT    NOT NULL,
  shard INTEGER NOT NULL,
  seq   INTEGER NOT NULL,
  PRIMARY KEY (job, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;
