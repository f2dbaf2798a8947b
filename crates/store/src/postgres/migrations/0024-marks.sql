-- Beside its words the index keeps of each case which of them it says more than once, and marks of what it belongs to: see
-- `ganglion_kernel::indexed`. Both are tokens like others. Cases from before have none yet; a job gives them theirs and then notes
-- that none is left. Until then searches are narrowed by the rows alone.
-- The order of what is found: numbers grow with what is taken in.
CREATE INDEX case_words_newest ON case_words (doc);

INSERT INTO setting (name, value) SELECT 'case_marks', 'all' WHERE NOT EXISTS (SELECT 1 FROM case_row);
