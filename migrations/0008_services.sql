-- What people say of a service.
ALTER TABLE services ADD COLUMN owner TEXT;
-- 1 is what hurts most when it is gone.
ALTER TABLE services ADD COLUMN tier BIGINT;
ALTER TABLE services ADD COLUMN description TEXT NOT NULL DEFAULT '';
-- JSON list of {href, text}.
ALTER TABLE services ADD COLUMN links TEXT NOT NULL DEFAULT '[]';

CREATE INDEX alerts_open_by_service ON alerts (service) WHERE resolved_at IS NULL;
-- The last incident of every service is found without reading whole incidents.
CREATE INDEX incidents_narrow ON incidents (id, private, started_at);
