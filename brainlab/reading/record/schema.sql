-- study.db: everything of a reading study except the truth, which lies apart in truth.db.
-- Times are UTC, ISO 8601 with milliseconds. Booleans are 0 or 1.

CREATE TABLE study (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    id              TEXT NOT NULL,
    protocol_json   TEXT NOT NULL,
    protocol_sha256 TEXT,                -- set at lock
    truth_sha256    TEXT,                -- of the file truth.db, set at lock
    checks_json     TEXT,                -- what the blinding checks found at lock
    seed            INTEGER NOT NULL,
    state           TEXT NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'locked', 'closed', 'unblinded')),
    created_at      TEXT NOT NULL
) STRICT;

CREATE TABLE state_change (
    sequence INTEGER PRIMARY KEY,
    state    TEXT NOT NULL CHECK (state IN ('draft', 'locked', 'closed', 'unblinded')),
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    note     TEXT NOT NULL
) STRICT;

CREATE TABLE question (
    key          TEXT PRIMARY KEY,
    position     INTEGER NOT NULL UNIQUE,
    kind         TEXT NOT NULL CHECK (kind IN ('choice', 'scale', 'text', 'place', 'pair', 'alternatives', 'ranking')),
    text         TEXT NOT NULL,
    options_json TEXT NOT NULL,
    required     INTEGER NOT NULL CHECK (required IN (0, 1))
) STRICT;

CREATE TABLE stimulus (
    id           TEXT PRIMARY KEY,       -- random; rows are inserted in a shuffled order
    kind         TEXT NOT NULL CHECK (kind IN ('slice', 'volume')),
    shape_json   TEXT NOT NULL,          -- {"shape": [...], "voxel_size_mm": [...]}; several images side by side: [m, ...]
    pixel_sha256 TEXT NOT NULL,
    pixels       BLOB NOT NULL           -- uint8, C order, no header
) STRICT;

-- What a reader is told after a practice case. Only practice stimuli, which are never part of the study itself.
CREATE TABLE feedback (
    stimulus TEXT PRIMARY KEY REFERENCES stimulus (id),
    text     TEXT NOT NULL               -- {k}: where the sealed image k, from 0, was shown
) STRICT;

CREATE TABLE reader (
    code             TEXT PRIMARY KEY,
    experience_years REAL,
    token_hash       TEXT UNIQUE,        -- SHA-256 of the personal link's token; NULL when none is valid
    token_expires_at TEXT,
    withdrawn_at     TEXT                -- left out of reports from then on
) STRICT;

-- Names are kept apart from codes, so that they can be erased.
CREATE TABLE reader_name (
    reader TEXT PRIMARY KEY REFERENCES reader (code),
    name   TEXT NOT NULL
) STRICT;

CREATE TABLE reading (
    id          INTEGER PRIMARY KEY,
    reader      TEXT NOT NULL REFERENCES reader (code),
    round       INTEGER NOT NULL CHECK (round >= 1),
    not_before  TEXT,                    -- end of the washout; NULL for a first reading
    started_at  TEXT,
    finished_at TEXT,
    UNIQUE (reader, round)
) STRICT;

-- The one browser tab that may answer; others are read-only.
CREATE TABLE lease (
    reading    INTEGER PRIMARY KEY REFERENCES reading (id),
    tab_token  TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;

CREATE TABLE presentation (
    id         TEXT PRIMARY KEY,         -- random: a repeat shows the same pixels under another id
    reading    INTEGER NOT NULL REFERENCES reading (id),
    position   INTEGER NOT NULL CHECK (position >= 1),
    stimulus   TEXT NOT NULL REFERENCES stimulus (id),
    occurrence INTEGER NOT NULL CHECK (occurrence >= 1),
    phase      TEXT NOT NULL CHECK (phase IN ('practice', 'main', 'repeat')),
    -- JSON: a stimulus' images in the order shown, such as [1, 0] of a pair; NULL where it has one, or is shown as sealed
    arrangement TEXT,
    UNIQUE (reading, position),
    UNIQUE (reading, stimulus, occurrence)
) STRICT;

CREATE TABLE answer_event (
    sequence        INTEGER PRIMARY KEY, -- 1, 2, 3, ... over the whole study, without gaps
    presentation    TEXT NOT NULL REFERENCES presentation (id),
    question        TEXT NOT NULL REFERENCES question (key),
    revision        INTEGER NOT NULL CHECK (revision >= 1),
    kind            TEXT NOT NULL CHECK (kind IN ('answer', 'undo')),
    value           TEXT,
    confidence      INTEGER CHECK (confidence BETWEEN 1 AND 5),
    idempotency_key TEXT NOT NULL UNIQUE,
    shown_at        TEXT,
    received_at     TEXT NOT NULL,
    active_ms       INTEGER CHECK (active_ms >= 0),
    previous_hash   TEXT NOT NULL,
    hash            TEXT NOT NULL UNIQUE,
    UNIQUE (presentation, question, revision),
    CHECK ((kind = 'answer') = (value IS NOT NULL))
) STRICT;

CREATE TABLE session_event (
    sequence    INTEGER PRIMARY KEY,
    reading     INTEGER NOT NULL REFERENCES reading (id),
    tab_token   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          TEXT NOT NULL,
    detail_json TEXT NOT NULL
) STRICT;
CREATE INDEX session_event_by_reading ON session_event (reading, kind);

-- The answers that stand: the latest revision of each, unless it was undone.
CREATE VIEW answer AS
SELECT event.* FROM answer_event AS event
WHERE event.kind = 'answer' AND NOT EXISTS (
    SELECT 1 FROM answer_event AS later
    WHERE later.presentation = event.presentation AND later.question = event.question
      AND later.revision > event.revision
);

-- Progress is counted here: presentations with every required question answered.
CREATE VIEW completed AS
SELECT presentation.* FROM presentation
WHERE NOT EXISTS (
    SELECT 1 FROM question
    WHERE question.required = 1 AND NOT EXISTS (
        SELECT 1 FROM answer WHERE answer.presentation = presentation.id AND answer.question = question.key
    )
);

CREATE TRIGGER study_moves_forwards BEFORE UPDATE OF state ON study
WHEN NEW.state || '<' || OLD.state NOT IN ('locked<draft', 'closed<locked', 'unblinded<closed')
BEGIN SELECT RAISE(ABORT, 'a study only moves draft, locked, closed, unblinded'); END;

CREATE TRIGGER study_is_fixed BEFORE UPDATE OF id, protocol_json, protocol_sha256, truth_sha256, checks_json, seed ON study
WHEN OLD.state <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;

CREATE TRIGGER study_stays BEFORE DELETE ON study
BEGIN SELECT RAISE(ABORT, 'a study is not deleted'); END;

CREATE TRIGGER state_change_is_fixed BEFORE UPDATE ON state_change
BEGIN SELECT RAISE(ABORT, 'state changes are append-only'); END;
CREATE TRIGGER state_change_stays BEFORE DELETE ON state_change
BEGIN SELECT RAISE(ABORT, 'state changes are append-only'); END;

CREATE TRIGGER answer_event_is_fixed BEFORE UPDATE ON answer_event
BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
CREATE TRIGGER answer_event_stays BEFORE DELETE ON answer_event
BEGIN SELECT RAISE(ABORT, 'answers are append-only'); END;
CREATE TRIGGER answer_event_while_locked BEFORE INSERT ON answer_event
WHEN (SELECT state FROM study) <> 'locked'
BEGIN SELECT RAISE(ABORT, 'answers are taken only while a study is locked'); END;

CREATE TRIGGER session_event_is_fixed BEFORE UPDATE ON session_event
BEGIN SELECT RAISE(ABORT, 'session events are append-only'); END;
CREATE TRIGGER session_event_stays BEFORE DELETE ON session_event
BEGIN SELECT RAISE(ABORT, 'session events are append-only'); END;

CREATE TRIGGER stimulus_while_draft BEFORE INSERT ON stimulus WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER stimulus_is_fixed BEFORE UPDATE ON stimulus
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER stimulus_stays BEFORE DELETE ON stimulus
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;

CREATE TRIGGER presentation_while_draft BEFORE INSERT ON presentation WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER presentation_is_fixed BEFORE UPDATE ON presentation
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER presentation_stays BEFORE DELETE ON presentation
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;

CREATE TRIGGER question_while_draft BEFORE INSERT ON question WHEN (SELECT state FROM study) <> 'draft'
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER question_is_fixed BEFORE UPDATE ON question
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;
CREATE TRIGGER question_stays BEFORE DELETE ON question
BEGIN SELECT RAISE(ABORT, 'nothing of a study changes after the lock'); END;

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
