//! Shapes of imports, services, searches and figures.

use super::from_json;
use serde_json::json;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

shape!(ImportedIncidents, {
    "type": "array",
    "description": "A JSON array, or one incident a line",
    "items": {
        "type": "object",
        "required": ["origin", "id", "title", "started_at"],
        "properties": {
            "origin": { "type": "string", "description": "Where it comes from; with `id` its identity" },
            "id": { "type": "string" },
            "title": { "type": "string" },
            "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
            "kind": { "type": "string", "enum": ["incident", "maintenance", "drill"], "default": "incident" },
            "started_at": { "type": "string", "format": "date-time" },
            "detected_at": { "type": ["string", "null"], "format": "date-time" },
            "acknowledged_at": { "type": ["string", "null"], "format": "date-time" },
            "mitigated_at": { "type": ["string", "null"], "format": "date-time" },
            "resolved_at": { "type": ["string", "null"], "format": "date-time", "description": "Absent: still open" },
            "services": { "type": "array", "items": { "type": "string" } },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "timeline": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["at", "text"],
                    "properties": { "at": { "type": "string", "format": "date-time" }, "status": { "type": ["string", "null"] }, "text": { "type": "string" } }
                }
            }
        }
    }
});

shape!(ImportedAlert, {
    "type": "object",
    "description": "One delivery; one a line",
    "required": ["received_at", "source", "body"],
    "properties": {
        "received_at": { "type": "string", "format": "date-time" },
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "github", "gitlab", "argocd", "generic"] },
        "body": { "type": ["object", "array"], "description": "What the sender sent" }
    }
});

shape!(StatuspageFile, {
    "type": "object",
    "description": "What a Statuspage answers at /api/v2/incidents.json",
    "required": ["incidents"],
    "properties": {
        "page": { "type": "object", "properties": { "id": { "type": "string" } } },
        "incidents": { "type": "array", "items": { "type": "object" } }
    }
});

shape!(IncidentReport, {
    "type": "object",
    "required": ["created", "updated", "unchanged", "rejected"],
    "properties": {
        "created": { "type": "integer" },
        "updated": { "type": "integer" },
        "unchanged": { "type": "integer" },
        "rejected": { "type": "array", "items": { "type": "object", "properties": {
            "line": { "type": "integer", "description": "From 1; in an array the place in it" }, "code": { "type": "string" }, "detail": { "type": "string" }
        } } },
        "rejected_more": { "type": "integer", "description": "How many more there are than are named" }
    }
});

shape!(AlertReport, {
    "type": "object",
    "required": ["lines", "alerts_opened", "alerts_repeated", "alerts_resolved", "incidents_opened", "incidents_resolved", "rejected"],
    "properties": {
        "lines": { "type": "integer" },
        "alerts_opened": { "type": "integer" },
        "alerts_repeated": { "type": "integer" },
        "alerts_resolved": { "type": "integer" },
        "incidents_opened": { "type": "integer" },
        "incidents_resolved": { "type": "integer" },
        "rejected": { "type": "array", "items": { "type": "object", "properties": {
            "line": { "type": "integer" }, "code": { "type": "string" }, "detail": { "type": "string" }
        } } },
        "rejected_more": { "type": "integer", "description": "How many more there are than are named" }
    }
});

shape!(Figures, {
    "type": "object",
    "required": ["from", "to", "groups"],
    "properties": {
        "from": { "type": "string", "format": "date-time" },
        "to": { "type": "string", "format": "date-time" },
        "groups": { "type": "array", "items": {
            "type": "object",
            "required": ["key", "incidents", "metrics"],
            "properties": {
                "key": { "type": ["string", "null"], "description": "`SEV1`, a service, `2026-02`; null for the one group of all and for incidents without a severity or service" },
                "incidents": { "type": "integer" },
                "metrics": { "type": "object", "description": "By name: mttd, mtta, mttm, mttr, resolution, mtbf, frequency, repeats", "additionalProperties": { "$ref": "#/components/schemas/Summary" } }
            }
        } }
    }
});

shape!(Summary, {
    "type": "object",
    "description": "One metric of one group. n and the excluded ones together are all incidents of the group; figures are null when n is 0. The spread is there only where each incident has a value of its own",
    "required": ["n", "excluded", "mean", "unit", "definition"],
    "properties": {
        "n": { "type": "integer" },
        "excluded": { "type": "array", "items": { "type": "object", "properties": { "reason": { "type": "string" }, "n": { "type": "integer" } } } },
        "mean": { "type": ["number", "null"] },
        "low": { "type": "number", "description": "Only of a frequency: the 95 % interval (exact, Poisson), the rates that would give so many by chance" },
        "high": { "type": "number" },
        "median": { "type": ["number", "null"], "description": "Of an even n the mean of the two in the middle" },
        "p90": { "type": ["number", "null"], "description": "By nearest rank" },
        "p95": { "type": ["number", "null"], "description": "By nearest rank" },
        "min": { "type": ["number", "null"] },
        "max": { "type": ["number", "null"] },
        "unit": { "type": "string", "enum": ["s", "ratio", "per 30 d"] },
        "definition": { "type": "string" }
    }
});

shape!(ServiceDraft, {
    "type": "object",
    "properties": {
        "owner": { "type": ["string", "null"], "maxLength": 100, "description": "The team that owns it" },
        "tier": { "type": ["integer", "null"], "minimum": 1, "maximum": 5, "description": "1 is what hurts most when it is gone" },
        "description": { "type": "string", "maxLength": 2000 },
        "links": {
            "type": "array",
            "maxItems": 20,
            "items": { "type": "object", "required": ["href", "text"], "properties": { "href": { "type": "string" }, "text": { "type": "string" } } }
        },
        "depends_on": {
            "type": "array",
            "maxItems": 100,
            "description": "The services that it needs, by name; not itself. A name may be of a service that is not described yet",
            "items": { "type": "string", "maxLength": 200 }
        }
    }
});

shape!(Service, {
    "type": "object",
    "required": ["name", "owner", "tier", "description", "links", "depends_on", "unknown_dependencies", "open", "alerts", "last_incident_at", "last_change", "availability"],
    "properties": {
        "name": { "type": "string" },
        "owner": { "type": ["string", "null"] },
        "tier": { "type": ["integer", "null"] },
        "description": { "type": "string" },
        "links": { "type": "array", "items": { "type": "object", "required": ["href", "text"], "properties": { "href": { "type": "string" }, "text": { "type": "string" } } } },
        "depends_on": { "type": "array", "items": { "type": "string" }, "description": "The services that somebody said it needs" },
        "unknown_dependencies": { "type": "array", "items": { "type": "string" }, "description": "Those of them that nobody has described here" },
        "open": {
            "type": "array",
            "description": "Its open incidents, the worst first",
            "items": { "type": "object", "required": ["ref", "title", "severity"], "properties": { "ref": { "type": "string" }, "title": { "type": "string" }, "severity": { "type": ["string", "null"] } } }
        },
        "alerts": { "type": "integer", "description": "How many of its alerts are open" },
        "last_incident_at": { "type": ["string", "null"], "format": "date-time" },
        "last_change": {
            "type": ["object", "null"],
            "required": ["title", "status", "at"],
            "properties": { "title": { "type": "string" }, "status": { "type": ["string", "null"] }, "at": { "type": "string", "format": "date-time" } }
        },
        "availability": { "type": "number", "minimum": 0, "maximum": 1, "description": "The share of the last thirty days in which nobody was hurt by it" },
        "worst_objective": {
            "type": ["object", "null"],
            "description": "Which of its objectives stands worst; null where none is set",
            "required": ["name", "title", "state", "remaining_ratio"],
            "properties": {
                "name": { "type": "string" },
                "title": { "type": "string" },
                "state": { "type": "string", "enum": ["overspent", "low", "within", "not_measured"] },
                "remaining_ratio": { "type": ["number", "null"], "description": "What is left of its budget; below zero when more than all of it is spent" }
            }
        }
    }
});

shape!(Services, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Service" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Found, {
    "type": "object",
    "required": ["incidents", "services", "alerts"],
    "properties": {
        "incidents": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["ref", "title", "state", "severity", "by", "text"],
                "properties": {
                    "ref": { "type": "string" },
                    "title": { "type": "string" },
                    "state": { "type": "string" },
                    "severity": { "type": ["string", "null"] },
                    "by": { "type": "string", "enum": ["ref", "title", "service", "label", "timeline"] },
                    "text": { "type": ["string", "null"], "description": "The words around what was found in its timeline" }
                }
            }
        },
        "services": { "type": "array", "items": { "type": "string" } },
        "alerts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "title", "service", "open", "incident"],
                "properties": {
                    "id": { "type": "string" },
                    "title": { "type": "string" },
                    "service": { "type": ["string", "null"] },
                    "open": { "type": "boolean" },
                    "incident": { "type": ["string", "null"], "description": "The reference of the incident it belongs to" }
                }
            }
        }
    }
});

shape!(AlertsSummary, {
    "type": "object",
    "required": ["alerts", "firing", "from", "to", "services", "why"],
    "properties": {
        "alerts": { "type": "integer" },
        "firing": { "type": "integer" },
        "from": { "type": "string", "format": "date-time", "description": "Start of the time that the bars share" },
        "to": { "type": "string", "format": "date-time" },
        "services": {
            "type": "array",
            "description": "Those first that began first",
            "items": {
                "type": "object",
                "required": ["service", "severity", "alerts", "firing", "repeats", "opened", "first_at", "last_at", "bars"],
                "properties": {
                    "service": { "type": ["string", "null"] },
                    "severity": { "type": ["string", "null"], "description": "The worst of its alerts" },
                    "alerts": { "type": "integer" },
                    "firing": { "type": "integer" },
                    "repeats": { "type": "integer", "description": "How often alerts were delivered again" },
                    "opened": { "type": "integer", "description": "How many opened the incident; the others were held back" },
                    "first_at": { "type": "string", "format": "date-time" },
                    "last_at": { "type": "string", "format": "date-time" },
                    "bars": { "type": "array", "items": { "type": "integer" }, "description": "How many began in each of sixty equal parts of the time" }
                }
            }
        },
        "why": {
            "type": "object",
            "description": "How many alerts stand in the incident for which reason",
            "required": ["first", "same_group", "storm", "attached", "merged"],
            "properties": { "first": { "type": "integer" }, "same_group": { "type": "integer" }, "storm": { "type": "integer" }, "attached": { "type": "integer" }, "merged": { "type": "integer" } }
        }
    }
});

shape!(Behind, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["incident_id", "ref", "title", "severity", "started_at", "value_s", "at_least_s", "counts", "excluded"],
            "properties": {
                "incident_id": { "type": "string", "format": "uuid" },
                "ref": { "type": "string", "examples": ["INC-12"] },
                "title": { "type": "string" },
                "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
                "started_at": { "type": "string", "format": "date-time", "description": "When its impact began" },
                "value_s": { "type": ["number", "null"], "description": "Its own value; null where it was left out, and where the figure is not made from such values" },
                "at_least_s": { "type": ["number", "null"], "description": "For what has not ended: it is at least this" },
                "counts": { "type": ["boolean", "null"], "description": "For shares: whether it is one of those that are counted" },
                "excluded": { "type": ["string", "null"], "description": "Why it was left out" }
            }
        } },
        "next_cursor": { "type": ["string", "null"] }
    }
});

shape!(Series, {
    "type": "object",
    "required": ["from", "to", "step", "items"],
    "properties": {
        "from": { "type": "string", "format": "date-time" },
        "to": { "type": "string", "format": "date-time" },
        "step": { "type": "string", "enum": ["day", "week", "month", "year"] },
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["from", "to", "partial", "by_severity", "n", "median_s", "low_s", "high_s", "values_s", "excluded"],
            "properties": {
                "from": { "type": "string", "format": "date-time" },
                "to": { "type": "string", "format": "date-time" },
                "partial": { "type": "boolean", "description": "The range holds only a part of it" },
                "by_severity": { "type": "array", "items": { "type": "integer" }, "description": "SEV1 to SEV5, then those without a severity" },
                "n": { "type": "integer", "description": "How many have a time to restore" },
                "median_s": { "type": ["number", "null"], "description": "Median time to restore; null under five values" },
                "low_s": { "type": ["number", "null"], "description": "The 95 % interval of the median begins here; null under six values" },
                "high_s": { "type": ["number", "null"], "description": "It ends here" },
                "values_s": { "type": "array", "items": { "type": "number" }, "description": "The values where they are fewer than five" },
                "excluded": { "type": "array", "items": { "type": "object", "properties": { "reason": { "type": "string" }, "n": { "type": "integer" } } } }
            }
        } }
    }
});

shape!(Availability, {
    "type": "object",
    "required": ["incidents", "downtime_s", "total_s", "availability"],
    "properties": {
        "incidents": { "type": "integer", "description": "How many hurt somebody within the range" },
        "downtime_s": { "type": "number", "description": "Overlapping impact counts once" },
        "total_s": { "type": "number" },
        "availability": { "type": "number", "minimum": 0, "maximum": 1 }
    }
});

shape!(Targets, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["metric", "severity", "value", "valid_from", "set_by", "set_at"],
            "properties": {
                "metric": { "type": "string", "enum": ["M1", "M2", "M2p95", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "M10", "M11", "M12"] },
                "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }], "description": "null: for all together" },
                "value": { "type": ["number", "null"], "description": "A share from 0 to 1 (M1, M2, M10, M12: at least; M3: at most), seconds at most (M2p95, M4 to M6, M11), a number at most (M7 to M9); null: none from then on" },
                "valid_from": { "type": ["string", "null"], "format": "date-time", "description": "null: from the beginning" },
                "set_by": { "type": ["string", "null"], "description": "null: it came with the product" },
                "set_at": { "type": ["string", "null"], "format": "date-time" }
            }
        } },
        "next_cursor": { "type": ["string", "null"] }
    }
});

shape!(TargetDrafts, {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": { "type": "array", "minItems": 1, "maxItems": 100, "items": {
            "type": "object",
            "required": ["metric"],
            "properties": {
                "metric": { "type": "string", "enum": ["M1", "M2", "M2p95", "M3", "M4", "M5", "M6", "M7", "M8", "M9", "M10", "M11", "M12"] },
                "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }], "description": "Only for M4 to M6 and M11; absent: for all together" },
                "value": { "type": ["number", "null"], "description": "Above 0; null or absent: none from then on" },
                "valid_from": { "type": ["string", "null"], "format": "date-time", "description": "Absent: from now on" }
            }
        } }
    }
});
