-- Until now the show was the beginning of the title: 'Nova: Black holes'.
CREATE TABLE shows (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

INSERT INTO shows (name)
SELECT DISTINCT substr(title, 1, instr(title, ': ') - 1) FROM recordings WHERE instr(title, ': ') > 1;

ALTER TABLE recordings ADD COLUMN show_id INTEGER REFERENCES shows (id);

UPDATE recordings
SET
  show_id = (SELECT id FROM shows WHERE name = substr(title, 1, instr(title, ': ') - 1)),
  title = substr(title, instr(title, ': ') + 2)
WHERE instr(title, ': ') > 1;

PRAGMA user_version = 3;
