-- What an inbox and a board count and list at the size of a city (docs/decisions/0075).
-- Open cases by who opened them: what a post waits for is counted on every page of its inbox, and who takes calls has opened tens of thousands.
-- Only a step that opens or settles a case writes it.
CREATE INDEX case_waited_for ON case_row (opened_by, id) WHERE is_open = 1 AND opened_by IS NOT NULL;
-- The index of states says the level, and what lists by deadline are sorted by, too: nothing is looked up in a row but what is on the page. A
-- step that changes the deadline or level of a case changes its state, or the same page of the index.
DROP INDEX case_state;
CREATE INDEX case_state ON case_row (process, state, is_open, place, level, due, id);
