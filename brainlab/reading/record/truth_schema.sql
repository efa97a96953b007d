-- truth.db: what each stimulus is. Written once at lock, read-only from then on, opened again only to unblind.

CREATE TABLE truth (
    stimulus         TEXT PRIMARY KEY,
    label            TEXT NOT NULL,     -- real or fake; of images side by side, the sealed place of the one that is looked
                                        -- for; of a ranking, JSON: the source at each sealed place
    source           TEXT NOT NULL,     -- name of the cohort, run or folder; of images side by side the fake one's
    class            TEXT,              -- disease class, where known
    participant_hash TEXT,              -- of a real case: the same for the same person, under a key that is not kept
    run_sha256       TEXT,              -- weights of the run that made a fake
    seed             INTEGER,           -- with which its code was drawn, under the salt
    detail_json      TEXT NOT NULL      -- scan row, plane and slice, file
) STRICT;

-- What every draw of the lock was made under (see salt.py). A study locked by an earlier version has no such table.
CREATE TABLE salt (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    salt BLOB NOT NULL CHECK (length(salt) = 32)
) STRICT;
