-- What repeats of an alert change, apart from its own row: one narrow row without further indexes,
-- because almost every delivery is a repeat. It counts from when this table came; before, and for
-- an alert that was delivered once, the alert's own row says everything.
CREATE TABLE alert_refreshes (
    alert_id TEXT PRIMARY KEY,
    -- To be added to those that the alert's own row counts.
    deliveries BIGINT NOT NULL,
    last_event_at BIGINT NOT NULL,
    -- This is when it runs out. The alert's own row may say an earlier instant, never a later one:
    -- by its index those are found that may have run out.
    expires_at BIGINT
);
