-- truth.db: what each stimulus is. Written once at lock, read-only from then on, opened again only to unblind.

CREATE TABLE truth (
    stimulus         TEXT PRIMARY KEY,
    label            TEXT NOT NULL CHECK (label IN ('real', 'fake', 'left', 'right')), -- of a pair: the real one's side
    source           TEXT NOT NULL,     -- name of the cohort, run or folder; of a pair the fake one's
    class            TEXT,              -- disease class, where known
    participant_hash TEXT,              -- of a real case
    run_sha256       TEXT,              -- weights of the run that made a fake
    seed             INTEGER,           -- with which it was drawn
    detail_json      TEXT NOT NULL      -- scan row, plane and slice, file
) STRICT;
