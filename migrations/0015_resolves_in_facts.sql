-- What figures are made from also says when an incident was resolved: the last of its fields.
UPDATE incident_facts SET facts = substr(facts, 1, length(facts) - 1) || ','
    || COALESCE((SELECT CAST(i.resolved_at AS TEXT) FROM incidents i WHERE i.id = incident_facts.incident_id), 'null') || ']';

-- An incident is looked for until it was resolved, because trouble that comes back is counted from
-- then: some belong to a longer class of length.
UPDATE incident_facts SET span = (
    SELECT CASE
        WHEN i.resolved_at - i.impact_started_at < 3600000000 THEN 0
        WHEN i.resolved_at - i.impact_started_at < 14400000000 THEN 1
        WHEN i.resolved_at - i.impact_started_at < 57600000000 THEN 2
        WHEN i.resolved_at - i.impact_started_at < 230400000000 THEN 3
        WHEN i.resolved_at - i.impact_started_at < 921600000000 THEN 4
        WHEN i.resolved_at - i.impact_started_at < 3686400000000 THEN 5
        WHEN i.resolved_at - i.impact_started_at < 14745600000000 THEN 6
        WHEN i.resolved_at - i.impact_started_at < 58982400000000 THEN 7
        WHEN i.resolved_at - i.impact_started_at < 235929600000000 THEN 8
        ELSE 9 END
    FROM incidents i WHERE i.id = incident_facts.incident_id)
WHERE EXISTS (
    SELECT 1 FROM incidents i WHERE i.id = incident_facts.incident_id AND i.resolved_at IS NOT NULL
    AND incident_facts.span < CASE
        WHEN i.resolved_at - i.impact_started_at < 3600000000 THEN 0
        WHEN i.resolved_at - i.impact_started_at < 14400000000 THEN 1
        WHEN i.resolved_at - i.impact_started_at < 57600000000 THEN 2
        WHEN i.resolved_at - i.impact_started_at < 230400000000 THEN 3
        WHEN i.resolved_at - i.impact_started_at < 921600000000 THEN 4
        WHEN i.resolved_at - i.impact_started_at < 3686400000000 THEN 5
        WHEN i.resolved_at - i.impact_started_at < 14745600000000 THEN 6
        WHEN i.resolved_at - i.impact_started_at < 58982400000000 THEN 7
        WHEN i.resolved_at - i.impact_started_at < 235929600000000 THEN 8
        ELSE 9 END);

-- 1: people said what it is, or an incident named it that everybody could see and that retention
-- removed. Any other service is shown to whoever may see something that names it.
ALTER TABLE services ADD COLUMN described BIGINT NOT NULL DEFAULT 0;
UPDATE services SET described = 1
WHERE description <> '' OR links <> '[]' OR depends_on <> '[]'
    OR EXISTS (SELECT 1 FROM audit a WHERE a.action = 'service.described' AND a.subject LIKE '%"' || services.name || '"%')
    OR NOT EXISTS (SELECT 1 FROM incident_services n WHERE n.service = services.name);
