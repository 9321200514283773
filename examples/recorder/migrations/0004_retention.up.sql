ALTER TABLE recordings ADD COLUMN keep_days INTEGER NOT NULL DEFAULT 30 CHECK (keep_days > 0);

PRAGMA user_version = 4;
