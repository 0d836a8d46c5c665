-- What fires now is listed, the last received first, without reading all alerts there ever were.
CREATE INDEX alerts_firing ON alerts (id) WHERE resolved_at IS NULL;
