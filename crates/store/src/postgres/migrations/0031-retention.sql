-- Work beside requests reads what is due and not everything there is (docs/decisions/0073).
-- Cases that are over, by process and by when they ended: what retention walks, oldest first. Only a step that ends a case writes it.
CREATE INDEX case_closed ON case_row (process, closed_at, id) WHERE closed_at IS NOT NULL;
-- Who saw personal values in a county, newest first. Of one case they are found by the primary key, which has both columns asked for.
CREATE INDEX access_at ON access (shard, at, line);
-- Rows found by a hash come the newest first.
CREATE INDEX seal_lookup_newest ON seal_lookup (hash, row_id);
DROP INDEX seal_lookup_hash;
