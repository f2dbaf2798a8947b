-- Where cases are, from south to north: what maps and boxes of other software read (docs/decisions/0072). A case is put into it once, when it
-- is opened; no step changes it, and cases without a point cost nothing.
CREATE INDEX case_map ON case_row (lat, lon, opened_at) WHERE lat IS NOT NULL;
