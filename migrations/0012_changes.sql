-- When a change was last told, by its sender's clock, and how far it had come: what arrives late
-- undoes nothing.
ALTER TABLE change_records ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change_records ADD COLUMN told_rank BIGINT NOT NULL DEFAULT 0;

-- Deliveries of changes that were recorded, by what their sender calls them: one that is sent
-- again changes nothing.
CREATE TABLE change_deliveries (
    integration_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (integration_id, delivery_id)
);
CREATE INDEX change_deliveries_by_age ON change_deliveries (seen_at);

-- What was opened and what was resolved in a range is found without reading all alerts there were.
CREATE INDEX alerts_by_start ON alerts (started_at);
CREATE INDEX alerts_by_end ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;

-- JSON list of the names of services that this one is said to need. A name may be of a service
-- that nobody has described yet.
ALTER TABLE services ADD COLUMN depends_on TEXT NOT NULL DEFAULT '[]';
