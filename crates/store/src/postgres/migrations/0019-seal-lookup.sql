-- Keyed hashes of sealed values, by which a row is found without its values being kept in clear. `made` names the key of the installation
-- a hash was made with; `key` is the natural key of a register row, empty for a case.
CREATE TABLE seal_lookup (
  shard  INTEGER NOT NULL,
  row_id UUID    NOT NULL,
  field  TEXT    COLLATE "C" NOT NULL,
  hash   BYTEA   NOT NULL,
  key    TEXT    COLLATE "C" NOT NULL,
  made   TEXT    COLLATE "C" NOT NULL,
  PRIMARY KEY (shard, row_id, field, hash)
) /* by shard */;
CREATE INDEX seal_lookup_hash ON seal_lookup (hash);

-- Rows from before get their hashes by a job, which then notes that none is left.
INSERT INTO setting (name, value) SELECT 'seal_lookup', 'all' WHERE NOT EXISTS (SELECT 1 FROM seal_key);
