-- One text for SQLite and PostgreSQL: only TEXT, BIGINT and DOUBLE PRECISION columns; instants are
-- microseconds since 1970 UTC, booleans 0 or 1, ids and JSON are TEXT.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- 'write' counts the writer's transactions, 'change' numbers the stream, 'incident' the references
-- people say. Taken inside the writing
-- transaction, so that readers never see a gap that is filled later.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('write', 0), ('change', 0), ('incident', 0);

-- A projection of events; `tocsin verify --rebuild` recomputes and compares it.
CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    ref BIGINT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity BIGINT,
    private BIGINT NOT NULL,
    origin TEXT,
    origin_id TEXT,
    title TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    impact_started_at BIGINT NOT NULL,
    resolved_at BIGINT,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    head_hash TEXT NOT NULL,
    doc TEXT NOT NULL
);
CREATE INDEX incidents_by_state ON incidents (state, updated_at);
CREATE UNIQUE INDEX incidents_by_origin ON incidents (origin, origin_id);

CREATE TABLE incident_services (
    incident_id TEXT NOT NULL,
    service TEXT NOT NULL,
    PRIMARY KEY (incident_id, service)
);
CREATE INDEX incident_services_by_service ON incident_services (service);

CREATE TABLE events (
    incident_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    command TEXT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (incident_id, seq)
);

-- What a command answered first, so that replaying it answers the same.
CREATE TABLE commands (
    actor_key TEXT PRIMARY KEY,
    body_hash TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX commands_by_age ON commands (recorded_at);

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    integration_id TEXT NOT NULL,
    source TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    group_key TEXT NOT NULL,
    state TEXT NOT NULL,
    severity TEXT,
    title TEXT NOT NULL,
    service TEXT,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL,
    links TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    last_event_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    resolved_at BIGINT,
    expires_at BIGINT,
    deliveries BIGINT NOT NULL,
    incident_id TEXT,
    stale BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_open ON alerts (integration_id, dedupe_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_identity ON alerts (integration_id, dedupe_key, id);
CREATE INDEX alerts_by_incident ON alerts (incident_id, started_at);
CREATE INDEX alerts_expiring ON alerts (expires_at) WHERE resolved_at IS NULL AND expires_at IS NOT NULL;

CREATE TABLE alert_groups (
    integration_id TEXT NOT NULL,
    -- The severity's slug; '' is unset.
    severity TEXT NOT NULL,
    group_key TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    active_at BIGINT NOT NULL,
    PRIMARY KEY (integration_id, severity, group_key)
);
CREATE INDEX alert_groups_by_age ON alert_groups (integration_id, severity, active_at);

-- The live stream, in order; pruned to its retention.
CREATE TABLE changes (
    seq BIGINT PRIMARY KEY,
    recorded_at BIGINT NOT NULL,
    topic TEXT NOT NULL,
    incident_id TEXT,
    payload TEXT NOT NULL
);

CREATE TABLE services (
    name TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- Deploys and other changes as their senders report them.
CREATE TABLE change_records (
    id TEXT PRIMARY KEY,
    integration_id TEXT NOT NULL,
    source TEXT NOT NULL,
    change_key TEXT NOT NULL,
    service TEXT,
    title TEXT NOT NULL,
    status TEXT,
    happened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    doc TEXT NOT NULL,
    UNIQUE (integration_id, change_key)
);
CREATE INDEX change_records_by_time ON change_records (happened_at);

CREATE TABLE people (
    id TEXT PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    disabled BIGINT NOT NULL,
    demo BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    person_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE integrations (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    -- JSON list. A signature can only be checked with the secret itself, so these are not hashed.
    signing_secrets TEXT NOT NULL,
    settings TEXT NOT NULL,
    grouping TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_received_at BIGINT,
    heartbeat_at BIGINT,
    disabled BIGINT NOT NULL
);
