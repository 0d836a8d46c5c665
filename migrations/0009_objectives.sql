-- Service level objectives, what was measured for them, and what people say about both.

CREATE TABLE objectives (
    id TEXT PRIMARY KEY,
    -- The short key under which slices and readings are kept: there are many of them.
    number BIGINT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    service TEXT,
    -- Readings of one generation are never added to those of another.
    generation BIGINT NOT NULL,
    generation_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    -- JSON of what people said of it.
    doc TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);

CREATE INDEX objectives_service ON objectives (service);

-- How each objective was described before, and now.
CREATE TABLE objective_revisions (
    objective BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (objective, revision)
);

-- What changes all the time, apart from the definition, which is wide.
CREATE TABLE objective_pulse (
    objective BIGINT PRIMARY KEY,
    -- Goes up with every write of slices; its row is the lock between those who write.
    rev BIGINT NOT NULL,
    -- Slices that begin before these seconds were merged to five minutes, and to hours.
    coarse_s BIGINT NOT NULL,
    hourly_s BIGINT NOT NULL,
    -- Readings before this second were merged for good; they can no longer be told apart.
    sealed_s BIGINT NOT NULL,
    -- How far filling in the past has come, 0 to 1; NULL: done, or nothing to fill in.
    backfilled DOUBLE PRECISION,
    -- Whether sums over days differ from the source's own.
    drifts BIGINT NOT NULL
);

-- What was measured, in the unit of the objective's method: half-open spans
-- [start_s, start_s + width_s) in seconds since 1970.
CREATE TABLE slices (
    objective BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    start_s BIGINT NOT NULL,
    width_s BIGINT NOT NULL,
    good DOUBLE PRECISION NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    -- The objective's rev when it was written.
    rev BIGINT NOT NULL,
    PRIMARY KEY (objective, generation, start_s)
);

-- Which seconds a rev changed, for those who hold slices in memory.
CREATE TABLE slice_changes (
    objective BIGINT NOT NULL,
    rev BIGINT NOT NULL,
    from_s BIGINT NOT NULL,
    to_s BIGINT NOT NULL,
    PRIMARY KEY (objective, rev)
);

-- Readings as they were sent, by their exact instant in microseconds; slices are their sums.
CREATE TABLE readings (
    objective BIGINT NOT NULL,
    at BIGINT NOT NULL,
    good DOUBLE PRECISION NOT NULL,
    total DOUBLE PRECISION NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (objective, at)
);

-- Whether a pair of windows of a burn alert fires, as it was decided last.
CREATE TABLE burn_levels (
    objective BIGINT NOT NULL,
    -- The severity and windows of the pair, or 'stale' for the dead-man alert.
    pair TEXT NOT NULL,
    firing BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (objective, pair)
);

-- Time that is left out of objectives.
CREATE TABLE exclusions (
    id TEXT PRIMARY KEY,
    -- JSON of what people said of it.
    doc TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Releases that somebody allows although the gate says no.
CREATE TABLE gate_overrides (
    id TEXT PRIMARY KEY,
    service TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    -- When somebody took it back.
    ended_at BIGINT
);

CREATE INDEX gate_overrides_service ON gate_overrides (service, until_at);

-- Systems that are asked for readings.
CREATE TABLE data_sources (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    -- JSON of where it is and how it knows us; it holds secrets.
    endpoint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Goes up with every change of a definition above, by whichever process.
INSERT INTO counters (name, value) VALUES ('objectives', 0);
