CREATE TABLE recordings (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL,
  started_at TEXT,
  stopped_at TEXT
) STRICT;

PRAGMA user_version = 1;
