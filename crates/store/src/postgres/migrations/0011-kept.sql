-- Small things of the installation that are neither rows nor cases: keys of services, receivers of events, what is still to be
-- delivered to them, tokens. `due` is when something has to be done about one.
CREATE TABLE kept (
  kind TEXT   COLLATE "C" NOT NULL,
  id   TEXT   COLLATE "C" NOT NULL,
  due  BIGINT,
  body TEXT   NOT NULL,
  PRIMARY KEY (kind, id)
) /* everywhere */;
CREATE INDEX kept_due ON kept (kind, due, id) WHERE due IS NOT NULL;
