-- Rows stay; how long each was to be kept is forgotten, as the versions before know of no limit.
ALTER TABLE recordings DROP COLUMN keep_days;

PRAGMA user_version = 3;
