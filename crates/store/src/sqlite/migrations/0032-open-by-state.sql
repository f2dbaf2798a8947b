-- Whether a case is open stands in the index of processes, states and places too: the columns of a board are counted from it alone, and
-- the few that are in a rare state are read by it (docs/decisions/0074). A step that changes whether a case is open changes its state, so
-- nothing more is written than before. It stands before the place, so that open cases in a state that is settled are none at once.
DROP INDEX case_state;
CREATE INDEX case_state ON case_row (process, state, is_open, place);
