-- What the executive's figures are to be, as it was set and from when on. Rows stay: the past is
-- judged by what held then.
CREATE TABLE targets (
    id TEXT PRIMARY KEY,
    -- M1, M2, …
    metric TEXT NOT NULL,
    -- SEV1 to SEV5; NULL: for all together.
    severity TEXT,
    -- NULL: from then on there is none.
    value DOUBLE PRECISION,
    valid_from BIGINT NOT NULL,
    author TEXT NOT NULL,
    set_at BIGINT NOT NULL
);
