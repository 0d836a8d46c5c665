-- What figures are made from: one narrow row per incident that counts, so that a figure reads only
-- what touches its range, and never a whole incident.
CREATE TABLE incident_facts (
    incident_id TEXT PRIMARY KEY,
    -- Which class of length it belongs to. All of a class are shorter than its width, so those
    -- that reach into a range began less than that before it: an index can find them.
    span BIGINT NOT NULL,
    -- The day it began, counted from 1970: many are read at once, day by day.
    day BIGINT NOT NULL,
    private BIGINT NOT NULL,
    -- JSON, packed.
    facts TEXT NOT NULL
);
CREATE INDEX incident_facts_by_day ON incident_facts (span, day);

-- What was imported last of an incident, so that the same again is known at a glance.
CREATE TABLE imports (
    incident_id TEXT PRIMARY KEY,
    digest TEXT NOT NULL
);

-- The board shows what was resolved a short while ago; an import brings thousands that were
-- recorded just now and resolved long ago.
CREATE INDEX incidents_by_resolution ON incidents (state, resolved_at);
