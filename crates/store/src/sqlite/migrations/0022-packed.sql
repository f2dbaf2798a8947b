-- Journal lines and bodies of cases may be packed (docs/decisions/0059): then the text beside is empty. The dictionaries they are packed
-- with stand in the database itself, so that a copy of it is whole. What was written before stays as it is until it is written anew.
-- `lines`: how many journal lines there were when the dictionary was made; `kind`: what it is for, `line` or `case`.
CREATE TABLE dictionary (
  id    INTEGER PRIMARY KEY,
  kind  TEXT    NOT NULL,
  at    INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  body  BLOB    NOT NULL
) STRICT;
CREATE TRIGGER dictionary_stays_as_it_is BEFORE UPDATE ON dictionary
  BEGIN SELECT RAISE(ABORT, 'rows are packed with this dictionary'); END;
CREATE TRIGGER dictionary_is_kept BEFORE DELETE ON dictionary
  BEGIN SELECT RAISE(ABORT, 'rows are packed with this dictionary'); END;
ALTER TABLE journal  ADD COLUMN packed BLOB;
ALTER TABLE case_row ADD COLUMN packed BLOB;
