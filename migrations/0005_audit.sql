-- Everything that is done here and is no event of an incident: one chain of hashes, only appended
-- to, by whoever holds the counter's row.
CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    -- JSON; NULL where it was done to nothing in particular.
    subject TEXT,
    address TEXT,
    data TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_by_actor ON audit (actor_id, actor_name);
CREATE INDEX audit_by_action ON audit (action, seq);

-- 'audit' counts its entries.
INSERT INTO counters (name, value) VALUES ('audit', 0);
