-- Work beside requests reads what is due and not everything there is (docs/decisions/0073).
-- Cases that are over, by process and by when they ended: what retention walks, oldest first. Only a step that ends a case writes it, and
-- nearly always at the end of its process.
CREATE INDEX case_closed ON case_row (process, closed_at, id) WHERE closed_at IS NOT NULL;
-- Who saw personal values in a county, newest first. The number of a line is part of every index.
CREATE INDEX access_at ON access (shard, at);
-- Uploads that belong to nothing yet: a few, out of all pictures there ever were.
CREATE INDEX file_loose ON file (id) WHERE case_id IS NULL AND NOT coalesce(json_extract(body, '$.sent'), 0);
-- Rows found by a hash come the newest first; the rest of the key stands behind it, so it is as large as the one it replaces.
CREATE INDEX seal_lookup_newest ON seal_lookup (hash, row_id);
DROP INDEX seal_lookup_hash;
