-- Open cases by who opened them: what a post waits for is counted on every page of its inbox, and who takes calls has opened tens of thousands
-- (docs/decisions/0075). Only a step that opens or settles a case writes it, and such a step writes the index of what is over anyway.
CREATE INDEX case_waited_for ON case_row (opened_by, id) WHERE is_open AND opened_by IS NOT NULL;
