-- Every table of one installation, as for SQLite, in the form a distributed PostgreSQL takes: the shard (the county) is part of
-- every primary key and unique index, tables without one are small and may be copied everywhere. Instants are microseconds
-- since 1970-01-01T00:00Z, places their padded 15-digit codes, rows canonical JSON. Texts that are sorted or compared are
-- compared by their bytes, whatever language the database was made for.
-- The shard leads the primary key and no other index: while a table is young, the planner cannot tell one index that begins with
-- the shard from another, and would read through a county for every look-up.
-- What stands behind the closing bracket of a table says how a layout places it: `by shard` or `everywhere`.

CREATE TABLE shard_head (
  shard     INTEGER PRIMARY KEY,
  seq       BIGINT  NOT NULL,
  numbering TEXT    NOT NULL,
  frontier  BYTEA   NOT NULL
) /* by shard; fillfactor 20 */;

-- A step changes the body and columns that no index of this table has, so that it touches no index: what open cases are sorted
-- by stands in `case_open`. `due` is the largest integer for cases without a deadline, so that they sort last. `county` is the
-- shard once more, for indexes that must begin with it.
CREATE TABLE case_row (
  shard      INTEGER  NOT NULL,
  id         UUID     NOT NULL,
  process    TEXT     COLLATE "C" NOT NULL,
  number     TEXT     COLLATE "C" NOT NULL,
  state      TEXT     COLLATE "C" NOT NULL,
  kind       TEXT     COLLATE "C",
  county     INTEGER  NOT NULL GENERATED ALWAYS AS (shard) STORED,
  place      BIGINT   NOT NULL,
  township   BIGINT,
  level      SMALLINT NOT NULL,
  is_open    BOOLEAN  NOT NULL,
  due        BIGINT   NOT NULL,
  opened_at  BIGINT   NOT NULL,
  updated_at BIGINT   NOT NULL,
  closed_at  BIGINT,
  assignee   TEXT     COLLATE "C",
  opened_by  TEXT     COLLATE "C",
  lon        DOUBLE PRECISION,
  lat        DOUBLE PRECISION,
  version    BIGINT   NOT NULL,
  body       TEXT     NOT NULL,
  PRIMARY KEY (shard, id)
) /* by shard; fillfactor 70 */;
CREATE UNIQUE INDEX case_number   ON case_row (number, shard);
CREATE INDEX case_opened          ON case_row (opened_at, id);
CREATE INDEX case_opened_county   ON case_row (county, opened_at, id);
CREATE INDEX case_opened_township ON case_row (township, opened_at, id);
CREATE INDEX case_opened_place    ON case_row (place, opened_at, id);
CREATE INDEX case_opened_assignee ON case_row (assignee, opened_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX case_opened_by       ON case_row (opened_by, opened_at, id) WHERE opened_by IS NOT NULL;

-- Cases that are not over, by what their lists are narrowed by.
CREATE TABLE case_open (
  shard     INTEGER  NOT NULL,
  id        UUID     NOT NULL,
  process   TEXT     COLLATE "C" NOT NULL,
  state     TEXT     COLLATE "C" NOT NULL,
  kind      TEXT     COLLATE "C",
  county    INTEGER  NOT NULL GENERATED ALWAYS AS (shard) STORED,
  place     BIGINT   NOT NULL,
  township  BIGINT,
  level     SMALLINT NOT NULL,
  due       BIGINT   NOT NULL,
  opened_at BIGINT   NOT NULL,
  assignee  TEXT     COLLATE "C",
  lon       DOUBLE PRECISION,
  lat       DOUBLE PRECISION,
  PRIMARY KEY (shard, id)
) /* by shard; fillfactor 70 */;
CREATE INDEX case_due          ON case_open (due, id);
CREATE INDEX case_due_county   ON case_open (county, due, id);
CREATE INDEX case_due_township ON case_open (township, due, id);
CREATE INDEX case_due_place    ON case_open (place, due, id);
CREATE INDEX case_due_assignee ON case_open (assignee, due, id) WHERE assignee IS NOT NULL;

CREATE TABLE case_assist (
  shard INTEGER NOT NULL,
  id    UUID    NOT NULL,
  post  TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (shard, id, post)
) /* by shard */;
CREATE INDEX case_assist_post ON case_assist (post, shard, id);

CREATE TABLE journal (
  shard   INTEGER NOT NULL,
  seq     BIGINT  NOT NULL,
  at      BIGINT  NOT NULL,
  case_id UUID,
  command UUID    NOT NULL,
  leaf    BYTEA   NOT NULL,
  entry   TEXT    NOT NULL,
  PRIMARY KEY (shard, seq)
) /* by shard */;
CREATE INDEX journal_case ON journal (shard, case_id, seq) WHERE case_id IS NOT NULL;

-- The journal is only added to. Gaps are kept out by the head, which every batch moves from where it was loaded.
CREATE FUNCTION ganglion_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'GAN02';
END $$;
CREATE TRIGGER journal_keeps_lines BEFORE UPDATE OR DELETE ON journal
  FOR EACH ROW EXECUTE FUNCTION ganglion_append_only();

-- Ends the transaction when what was found is not what was expected: a batch is sent without waiting for answers in between, so
-- the database has to be the one that stops it.
CREATE FUNCTION ganglion_expect(what TEXT, wanted BIGINT, there BIGINT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF there IS DISTINCT FROM wanted THEN
    RAISE EXCEPTION '%', what USING ERRCODE = 'GAN01';
  END IF;
END $$;

CREATE TABLE timer (
  shard   INTEGER NOT NULL,
  at      BIGINT  NOT NULL,
  case_id UUID    NOT NULL,
  clock   TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (shard, at, case_id, clock)
) /* by shard */;

CREATE TABLE fact (
  shard   INTEGER NOT NULL,
  measure TEXT    COLLATE "C" NOT NULL,
  day     INTEGER NOT NULL,
  place   BIGINT  NOT NULL,
  case_id UUID    NOT NULL,
  dim     TEXT    COLLATE "C" NOT NULL,
  value   BIGINT  NOT NULL,
  PRIMARY KEY (shard, measure, day, place, case_id)
) /* by shard */;

-- `period`: 0 for stocks, days since 1970 as they are, months since January of the year 0 negative. Counters change in place.
CREATE TABLE tally (
  shard   INTEGER NOT NULL,
  measure TEXT    COLLATE "C" NOT NULL,
  place   BIGINT  NOT NULL,
  period  INTEGER NOT NULL,
  dim     TEXT    COLLATE "C" NOT NULL,
  rows    BIGINT  NOT NULL,
  sum     BIGINT  NOT NULL,
  PRIMARY KEY (shard, measure, place, period, dim)
) /* by shard; fillfactor 50 */;

-- Outcomes are forgotten by age, and come in the order of time.
CREATE TABLE answer (
  shard   INTEGER NOT NULL,
  command UUID    NOT NULL,
  at      BIGINT  NOT NULL,
  outcome TEXT    NOT NULL,
  PRIMARY KEY (shard, command)
) /* by shard */;
CREATE INDEX answer_at ON answer USING brin (at);

CREATE TABLE seal_key (
  shard   INTEGER NOT NULL,
  case_id UUID    NOT NULL,
  wrapped TEXT    NOT NULL,
  PRIMARY KEY (shard, case_id)
) /* by shard */;

CREATE TABLE unique_value (
  shard  INTEGER NOT NULL,
  field  TEXT    COLLATE "C" NOT NULL,
  value  TEXT    COLLATE "C" NOT NULL,
  number TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (shard, field, value)
) /* by shard */;

-- `valid_from` is empty for rows without a first day, which sorts them first.
CREATE TABLE record (
  shard      INTEGER NOT NULL,
  register   TEXT    COLLATE "C" NOT NULL,
  key        TEXT    COLLATE "C" NOT NULL,
  valid_from TEXT    COLLATE "C" NOT NULL,
  valid_to   TEXT    COLLATE "C",
  version    BIGINT  NOT NULL,
  place      BIGINT,
  updated_at BIGINT  NOT NULL,
  body       JSONB   NOT NULL,
  PRIMARY KEY (shard, register, key, valid_from)
) /* by shard */;

CREATE TABLE place (
  code       BIGINT NOT NULL,
  valid_from TEXT   COLLATE "C" NOT NULL,
  body       TEXT   NOT NULL,
  PRIMARY KEY (code, valid_from)
) /* everywhere */;

CREATE TABLE outline (
  code     BIGINT PRIMARY KEY,
  geometry TEXT   NOT NULL
) /* everywhere */;

CREATE TABLE post (
  id   TEXT COLLATE "C" PRIMARY KEY,
  body TEXT NOT NULL
) /* everywhere */;

CREATE TABLE account (
  id   TEXT COLLATE "C" PRIMARY KEY,
  body TEXT NOT NULL
) /* everywhere */;

CREATE TABLE session (
  token_hash TEXT   COLLATE "C" PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  body       TEXT   NOT NULL
) /* everywhere */;
CREATE INDEX session_over ON session (expires_at);

-- `is_loose`: of no case and not sent with anything, so that it is cleaned up when it is old. `at`: when it came.
CREATE TABLE file (
  id       TEXT    COLLATE "C" PRIMARY KEY,
  shard    INTEGER,
  case_id  UUID,
  at       BIGINT  NOT NULL,
  is_loose BOOLEAN NOT NULL,
  body     TEXT    NOT NULL
) /* everywhere */;
CREATE INDEX file_loose ON file (at) WHERE is_loose;

CREATE TABLE access (
  shard   INTEGER NOT NULL,
  case_id UUID    NOT NULL,
  at      BIGINT  NOT NULL,
  line    BIGINT  GENERATED ALWAYS AS IDENTITY,
  body    TEXT    NOT NULL,
  PRIMARY KEY (shard, case_id, at, line)
) /* by shard */;

CREATE TABLE cursor (
  job   TEXT    COLLATE "C" NOT NULL,
  shard INTEGER NOT NULL,
  seq   BIGINT  NOT NULL,
  PRIMARY KEY (job, shard)
) /* everywhere; fillfactor 50 */;

CREATE TABLE setting (
  name  TEXT COLLATE "C" PRIMARY KEY,
  value TEXT NOT NULL
) /* everywhere */;

-- Bodies of more than two kilobytes are compressed by the quick method where the server was built with it.
DO $$
BEGIN
  ALTER TABLE case_row ALTER COLUMN body SET COMPRESSION lz4;
  ALTER TABLE journal ALTER COLUMN entry SET COMPRESSION lz4;
  ALTER TABLE record ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
  NULL;
END $$;
