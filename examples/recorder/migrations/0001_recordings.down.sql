DROP TABLE recordings;

PRAGMA user_version = 0;
