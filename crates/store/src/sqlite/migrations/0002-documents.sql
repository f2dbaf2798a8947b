-- Codes printed on documents lead to the case they were issued from. Whoever scans a code knows no county, so this is the one
-- table whose key does not begin with the shard.
CREATE TABLE document (
  code    TEXT    PRIMARY KEY,
  shard   INTEGER NOT NULL,
  case_id BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
