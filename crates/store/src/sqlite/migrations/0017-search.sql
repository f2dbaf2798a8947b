-- What rows of registers kept by place are searched by: like the words of cases (0010). A row goes by its key; which of its versions
-- holds on a day is looked up when it is found.

CREATE TABLE row_doc (
  doc      INTEGER PRIMARY KEY,
  shard    INTEGER NOT NULL,
  register TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  hash     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX row_doc_row ON row_doc (shard, register, key);
CREATE VIRTUAL TABLE row_words USING fts5(words, content='', contentless_delete=1, tokenize='ascii');

-- Rows from before have no words yet; a job gives them theirs and then notes that none is left.
INSERT INTO setting (name, value) SELECT 'row_words', 'all' WHERE NOT EXISTS (SELECT 1 FROM record WHERE shard > 0);
