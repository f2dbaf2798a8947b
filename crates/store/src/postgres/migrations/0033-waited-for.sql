-- Open cases by who opened them: what a post waits for is counted on every page of its inbox, and who takes calls has opened tens of thousands
-- (docs/decisions/0075). A step that opens, settles or hands on a case writes it: those write the other indexes of the row anyway, and no step
-- that touched none of them does so now.
CREATE INDEX case_waited_for ON case_row (opened_by, id) WHERE is_open AND opened_by IS NOT NULL;
