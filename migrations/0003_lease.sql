-- Which servers run on this database now. Each renews its row every few seconds by the database's
-- own clock and removes it when it stops; a row that was not renewed for a while does not count.
CREATE TABLE leases (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL
);
