-- What senders sent last and what became of it, so that people can see why nothing arrived. Written
-- by a job, not with the alerts; pruned to the newest of each integration.
CREATE TABLE deliveries (
    -- Sorts by when it was written.
    id TEXT PRIMARY KEY,
    -- '' where no integration was recognised.
    integration_id TEXT NOT NULL,
    source TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- In a flood many alike become one row: how many, and when the last one came.
    times BIGINT NOT NULL,
    last_received_at BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    status BIGINT NOT NULL,
    -- JSON: how many alerts were opened, repeated, …
    counts TEXT NOT NULL,
    words TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sender TEXT,
    -- The beginning of what was sent, without keys; NULL where it was not kept.
    body TEXT,
    body_is_cut BIGINT NOT NULL,
    duration_us BIGINT NOT NULL
);
CREATE INDEX deliveries_by_integration ON deliveries (integration_id, id);

-- A token that was replaced opens beside the new one until then; NULL: until it is removed.
ALTER TABLE integrations ADD COLUMN previous_token_hash TEXT;
ALTER TABLE integrations ADD COLUMN previous_token_until BIGINT;
CREATE UNIQUE INDEX integrations_by_previous_token ON integrations (previous_token_hash) WHERE previous_token_hash IS NOT NULL;

-- Alerts whose sender has gone are few, and looked for every now and then.
CREATE INDEX alerts_stale ON alerts (integration_id, id) WHERE stale = 1;
CREATE INDEX change_records_by_service ON change_records (service, happened_at);
