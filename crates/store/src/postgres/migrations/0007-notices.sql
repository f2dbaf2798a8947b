-- Public notices that stand: where and until when. What they show is read from the case.
CREATE TABLE notice (
  shard   INTEGER NOT NULL,
  case_id UUID    NOT NULL,
  name    TEXT    COLLATE "C" NOT NULL,
  place   BIGINT  NOT NULL,
  put_up  BIGINT  NOT NULL,
  until   BIGINT  NOT NULL,
  PRIMARY KEY (shard, case_id, name)
) /* by shard */;
CREATE INDEX notice_newest ON notice (put_up, case_id);
CREATE INDEX notice_case   ON notice (case_id, name);
