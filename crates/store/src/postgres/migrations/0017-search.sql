-- What rows of registers kept by place are searched by: like the words of cases (0010). A row goes by its key; which of its versions
-- holds on a day is looked up when it is found. Numbers of both indexes come from sequences: they order what fits alike, the newest first.
CREATE SEQUENCE row_words_doc;
CREATE TABLE row_words (
  shard    INTEGER  NOT NULL,
  register TEXT     COLLATE "C" NOT NULL,
  key      TEXT     COLLATE "C" NOT NULL,
  hash     BIGINT   NOT NULL,
  doc      BIGINT   NOT NULL DEFAULT nextval('row_words_doc'),
  words    TSVECTOR NOT NULL,
  PRIMARY KEY (shard, register, key)
) /* by shard */;
CREATE INDEX row_words_tokens ON row_words USING gin (words);
CREATE INDEX row_words_newest ON row_words (doc);

CREATE SEQUENCE case_words_doc;
ALTER TABLE case_words ADD COLUMN doc BIGINT NOT NULL DEFAULT nextval('case_words_doc');

-- Rows from before have no words yet; a job gives them theirs and then notes that none is left.
INSERT INTO setting (name, value) SELECT 'row_words', 'all' WHERE NOT EXISTS (SELECT 1 FROM record WHERE shard > 0);
