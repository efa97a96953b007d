-- From schema version 1 to 2, one part a table. What a part makes is the same as in schema.sql (see test_migrations.py).

-- presentation: the images of a case with several are shown in an order of their own each time.
ALTER TABLE presentation ADD COLUMN arrangement TEXT;

-- reader, reader_name, reading, feedback: guarded after the lock, as the other tables are.
CREATE TRIGGER reader_while_draft BEFORE INSERT ON reader WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'readers do not change after the lock'); END;
CREATE TRIGGER reader_is_fixed BEFORE UPDATE OF code, experience_years ON reader
WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'readers do not change after the lock'); END;
CREATE TRIGGER reader_stays BEFORE DELETE ON reader
BEGIN SELECT RAISE(ABORT, 'readers do not change after the lock'); END;

CREATE TRIGGER reader_name_while_draft BEFORE INSERT ON reader_name WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'names are only erased after the lock'); END;
CREATE TRIGGER reader_name_is_fixed BEFORE UPDATE ON reader_name WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'names are only erased after the lock'); END;

CREATE TRIGGER reading_while_draft BEFORE INSERT ON reading WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'of readings only the times change after the lock'); END;
CREATE TRIGGER reading_is_fixed BEFORE UPDATE OF id, reader, round ON reading
BEGIN SELECT RAISE(ABORT, 'of readings only the times change after the lock'); END;
CREATE TRIGGER reading_stays BEFORE DELETE ON reading
BEGIN SELECT RAISE(ABORT, 'of readings only the times change after the lock'); END;

CREATE TRIGGER feedback_while_draft BEFORE INSERT ON feedback WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER feedback_is_fixed BEFORE UPDATE ON feedback
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER feedback_stays BEFORE DELETE ON feedback
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;

-- question: built anew, as more kinds are asked.
CREATE TABLE question_anew (
    key          TEXT PRIMARY KEY,
    position     INTEGER NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('choice', 'scale', 'text', 'place', 'pair', 'alternatives', 'ranking')),
    text         TEXT NOT NULL,
    options_json TEXT NOT NULL,
    required     INTEGER NOT NULL CHECK (required IN (0, 1))
) STRICT;
INSERT INTO question_anew SELECT key, position, kind, text, options_json, required FROM question;
DROP TABLE question;
ALTER TABLE question_anew RENAME TO question;
CREATE TRIGGER question_while_draft BEFORE INSERT ON question WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER question_is_fixed BEFORE UPDATE ON question
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER question_stays BEFORE DELETE ON question
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
