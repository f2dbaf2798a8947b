-- Where cases are (docs/decisions/0076): by bands of latitude 1/200 of a degree high, about 556 metres, and in them from west to east, so that a
-- box is read and little beside it. A case is put into it once, when it is opened; cases without a point cost nothing.
DROP INDEX case_map;
CREATE INDEX case_map ON case_row (CAST(lat * 200 AS INTEGER), lon, lat, opened_at) WHERE lat IS NOT NULL;
-- What a post waits for is listed by deadline: the index says it. A step that changes the deadline, the post or whether a case is open writes
-- it, with the other indexes of open cases.
DROP INDEX case_waited_for;
CREATE INDEX case_waited_for ON case_row (opened_by, due, id) WHERE is_open = 1 AND opened_by IS NOT NULL;
-- Settled cases by process and state, the newest first, with their place: the columns of a board and lists of one state (docs/decisions/0076).
-- A case is put into it when it is settled.
CREATE INDEX case_settled_state ON case_row (process, state, opened_at, id, place) WHERE is_open = 0;
