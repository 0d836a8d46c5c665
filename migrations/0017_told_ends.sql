-- The ends that resolves told of alerts that were not open: a firing that began before its end was
-- overtaken on its way, and opens nothing, also after a restart. Rows are of use for an hour.
CREATE TABLE told_ends (
    integration_id TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (integration_id, dedupe_key)
);
CREATE INDEX told_ends_received ON told_ends (received_at);
