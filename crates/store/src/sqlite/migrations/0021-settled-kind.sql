-- Settled cases of a kind in a county, newest first: what suggestions and lists by kind read there. A rare kind was looked for through
-- a whole year of the county. Only settled cases stand in it, so an open one costs nothing.
CREATE INDEX case_settled_kind ON case_row (shard, kind, opened_at, id) WHERE is_open = 0;
