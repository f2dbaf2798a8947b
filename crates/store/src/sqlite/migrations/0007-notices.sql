-- Public notices that stand: where and until when. What they show is read from the case.
CREATE TABLE notice (
  shard     INTEGER NOT NULL,
  case_id   BLOB    NOT NULL,
  name      TEXT    NOT NULL,
  place     INTEGER NOT NULL,
  put_up    INTEGER NOT NULL,
  until     INTEGER NOT NULL,
  PRIMARY KEY (shard, case_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_newest ON notice (put_up, case_id);
CREATE INDEX notice_case   ON notice (case_id, name);
