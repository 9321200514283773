-- Until now people marked what matters in the title: '!! News' is of priority 2.
ALTER TABLE recordings ADD COLUMN priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 9);

UPDATE recordings
SET priority = instr(title, ' ') - 1, title = substr(title, instr(title, ' ') + 1)
WHERE ltrim(title, '!') GLOB ' *' AND title GLOB '!*';

PRAGMA user_version = 2;
