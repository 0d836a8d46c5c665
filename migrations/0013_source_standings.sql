-- What of service levels outlives retention and restarts.

-- Whether anything was ever counted since the objective was made: before, silence is no alarm.
ALTER TABLE objective_pulse ADD COLUMN counted BIGINT NOT NULL DEFAULT 0;
UPDATE objective_pulse SET counted = 1 WHERE EXISTS (SELECT 1 FROM slices WHERE slices.objective = objective_pulse.objective AND slices.total > 0);

-- How the data sources that objectives ask are doing, by name, and whether their silence was told.
CREATE TABLE source_standings (
    source TEXT PRIMARY KEY,
    -- Since when it has not answered; NULL: it answers.
    down_since BIGINT,
    -- Since when it has answered again after that.
    up_since BIGINT,
    -- What it said, or we about it, while it did not answer.
    words TEXT NOT NULL,
    -- While an alert of its silence is open: the end of the last slice that any objective of it has,
    -- in seconds since 1970.
    silent_s BIGINT
);
