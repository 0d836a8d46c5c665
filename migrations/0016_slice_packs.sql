-- Whole series of slices, packed, so that a server that starts need not read slice by slice.

-- Nothing here is the truth: what is missing, or too old, is read from the slices.
CREATE TABLE slice_packs (
    objective BIGINT PRIMARY KEY,
    generation BIGINT NOT NULL,
    -- Every change of the slices up to this rev is in it.
    rev BIGINT NOT NULL,
    -- Slices that begin before this second are not in it.
    from_s BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- The incidents that began lately are found whatever else the history holds.
CREATE INDEX incidents_by_start ON incidents (started_at, id, private);
