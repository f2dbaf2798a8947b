-- Codes printed on documents lead to the case they were issued from. Whoever scans a code knows no county, so codes have an
-- index of their own.
CREATE TABLE document (
  shard   INTEGER NOT NULL,
  code    TEXT    COLLATE "C" NOT NULL,
  case_id UUID    NOT NULL,
  PRIMARY KEY (shard, code)
) /* by shard */;
CREATE INDEX document_code ON document (code);
