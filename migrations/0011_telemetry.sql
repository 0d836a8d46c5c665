-- Telemetry as it was sent, several requests in one block: zstd of their protobuf, as base64.
CREATE TABLE telemetry_blocks (
    -- Without gaps, in the order in which blocks were committed.
    number BIGINT PRIMARY KEY,
    received_at BIGINT NOT NULL,
    -- The first and the last instant of what is in it.
    from_at BIGINT NOT NULL,
    to_at BIGINT NOT NULL,
    -- How long the body is, and how long it was before it was packed.
    bytes BIGINT NOT NULL,
    raw_bytes BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX telemetry_blocks_by_age ON telemetry_blocks (to_at);

INSERT INTO counters (name, value) VALUES ('telemetry', 0);
