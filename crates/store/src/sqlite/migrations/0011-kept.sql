-- Small things of the installation that are neither rows nor cases: keys of services, receivers of events, what is still to be
-- delivered to them, tokens. `due` is when something has to be done about one.
CREATE TABLE kept (
  kind TEXT    NOT NULL,
  id   TEXT    NOT NULL,
  due  INTEGER,
  body TEXT    NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_due ON kept (kind, due) WHERE due IS NOT NULL;
