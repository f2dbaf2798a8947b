-- What cases are searched by: tokens (see `ganglion_kernel::words`) with their places in the text, so that phrases are found; `hash`
-- says whether the words changed.
CREATE TABLE case_words (
  shard INTEGER  NOT NULL,
  id    UUID     NOT NULL,
  hash  BIGINT   NOT NULL,
  words TSVECTOR NOT NULL,
  PRIMARY KEY (shard, id)
) /* by shard */;
CREATE INDEX case_words_tokens ON case_words USING gin (words);

-- Cases from before have no words yet; a job gives them theirs and then notes that none is left.
INSERT INTO setting (name, value) SELECT 'case_words', 'all' WHERE NOT EXISTS (SELECT 1 FROM case_row);
