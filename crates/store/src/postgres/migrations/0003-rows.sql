-- Rows of registers in lists: what is searched of them (lower case, never personal), and indexes for pages in key order over
-- the whole installation and inside a place.

ALTER TABLE record ADD COLUMN words TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX record_list    ON record (register, key, shard);
CREATE INDEX record_place   ON record (register, place, key);
CREATE INDEX record_changed ON record (register, updated_at);

-- Changes of rows that two persons make.
CREATE TABLE proposal (
  shard    INTEGER NOT NULL,
  id       UUID    NOT NULL,
  register TEXT    COLLATE "C" NOT NULL,
  key      TEXT    COLLATE "C" NOT NULL,
  place    BIGINT,
  state    TEXT    COLLATE "C" NOT NULL,
  at       BIGINT  NOT NULL,
  body     TEXT    NOT NULL,
  PRIMARY KEY (shard, id)
) /* by shard */;
CREATE INDEX proposal_open ON proposal (register, at) WHERE state = 'open';
CREATE INDEX proposal_row  ON proposal (register, key, shard, at);

-- Which rows refer to a row. A row of the deployment is referred to from every shard.
CREATE TABLE row_reference (
  register      TEXT    COLLATE "C" NOT NULL,
  key           TEXT    COLLATE "C" NOT NULL,
  shard         INTEGER NOT NULL,
  from_register TEXT    COLLATE "C" NOT NULL,
  from_key      TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (register, key, shard, from_register, from_key)
) /* by shard */;
CREATE INDEX row_reference_from ON row_reference (from_register, from_key, shard);
