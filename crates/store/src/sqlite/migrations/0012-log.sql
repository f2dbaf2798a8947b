-- The public log holds the SHA-256 of each line instead of the line (docs/decisions/0030): leaves and trees of lines written
-- before are worked out anew. Both functions are given to SQLite by the migrating program. A database that joins the port from
-- here on never had the older leaves and has nothing to do under this number.
DROP TRIGGER journal_keeps_lines;
UPDATE journal SET leaf = journal_leaf(entry);
CREATE TRIGGER journal_keeps_lines BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
UPDATE shard_head SET frontier = (
  SELECT journal_frontier(leaf ORDER BY seq) FROM journal WHERE journal.shard = shard_head.shard
) WHERE seq > 0;
