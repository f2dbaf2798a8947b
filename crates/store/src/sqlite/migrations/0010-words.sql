-- What cases are searched by: tokens (see `ganglion_kernel::words`) in an index that keeps no text. `doc` is a number of its own,
-- because numbers of rows without one may change when a database is packed; `hash` says whether the words changed.

CREATE TABLE case_doc (
  doc   INTEGER PRIMARY KEY,
  shard INTEGER NOT NULL,
  id    BLOB    NOT NULL,
  hash  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX case_doc_case ON case_doc (shard, id);
CREATE VIRTUAL TABLE case_words USING fts5(words, content='', contentless_delete=1, tokenize='ascii');

-- Cases from before have no words yet; a job gives them theirs and then notes that none is left.
INSERT INTO setting (name, value) SELECT 'case_words', 'all' WHERE NOT EXISTS (SELECT 1 FROM case_row);
