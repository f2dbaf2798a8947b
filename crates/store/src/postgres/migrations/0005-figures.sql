-- Stocks that know when they held, and rows that belong to a member of whom only the latest counts.
-- `until`: first day a stock no longer counts, the largest 32-bit number while it does, 0 for everything else.
ALTER TABLE fact ADD COLUMN until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fact ADD COLUMN member TEXT COLLATE "C";
ALTER TABLE fact ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX fact_stock  ON fact (shard, measure, place, day) WHERE until > 0;
CREATE INDEX fact_member ON fact (shard, measure, member, day, at) WHERE member IS NOT NULL;
