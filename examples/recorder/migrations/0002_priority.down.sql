UPDATE recordings SET title = substr('!!!!!!!!!', 1, priority) || ' ' || title WHERE priority > 0;

ALTER TABLE recordings DROP COLUMN priority;

PRAGMA user_version = 1;
