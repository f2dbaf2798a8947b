-- Sources of installed packs, by the hash of their content. Which of them are installed is a row of a register.
CREATE TABLE pack_source (
  digest TEXT COLLATE "C" PRIMARY KEY,
  body   TEXT NOT NULL
) /* everywhere */;
