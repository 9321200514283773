UPDATE recordings
SET title = (SELECT name FROM shows WHERE shows.id = show_id) || ': ' || title
WHERE show_id IS NOT NULL;

ALTER TABLE recordings DROP COLUMN show_id;

DROP TABLE shows;

PRAGMA user_version = 2;
