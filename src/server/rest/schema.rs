//! The shapes of the REST door as its document tells them. The domain's types are what really
//! travels; they know nothing of OpenAPI, so their shapes are written down here, and a test of
//! `tests/` compares real answers with them by name.

use serde_json::{Value, json};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, RefOr, Schema},
};

/// One named shape, from JSON Schema.
macro_rules! shape {
    ($name:ident, $json:tt) => {
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                from_json(json!($json))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    };
}

fn from_json(shape: Value) -> RefOr<Schema> {
    serde_json::from_value(shape).unwrap_or_else(|_| RefOr::T(Schema::Object(Object::new())))
}

shape!(Severity, { "type": "string", "enum": ["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"], "description": "SEV1 is the worst." });

shape!(AlertSeverity, { "type": "string", "enum": ["critical", "error", "warning", "info"] });

shape!(Person, {
    "oneOf": [
        { "type": "string", "description": "An id, a login or a name" },
        { "type": "object", "properties": { "id": { "type": ["string", "null"] }, "name": { "type": "string" } } }
    ]
});

shape!(Problem, {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": { "type": "string" },
        "title": { "type": "string" },
        "status": { "type": "integer" },
        "detail": { "type": "string", "description": "One sentence for people" },
        "code": { "type": "string", "description": "Stable: `unknown_incident`, `already_resolved`, …" },
        "next": { "type": "string", "description": "What the reader can do" },
        "reference": { "type": "string", "description": "Finds the failure in the server's log" }
    }
});

shape!(Incident, {
    "type": "object",
    "required": ["id", "ref", "title", "kind", "state", "severity", "services", "roles", "labels", "impact", "started_at", "version"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "ref": { "type": "string", "examples": ["INC-12"] },
        "origin": { "type": ["object", "null"], "properties": { "name": { "type": "string" }, "id": { "type": "string" } } },
        "title": { "type": "string" },
        "kind": { "type": "string", "enum": ["incident", "maintenance", "drill"] },
        "state": { "type": "string", "enum": ["triage", "active", "mitigated", "resolved", "closed", "cancelled", "merged"] },
        "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
        "proposed_severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
        "severity_reason": { "type": ["string", "null"] },
        "acknowledged": {
            "type": ["object", "null"],
            "description": "Who has it; null when nobody does, or when it has run out",
            "properties": {
                "by": { "type": "string" },
                "by_id": { "type": "string" },
                "at": { "type": "string", "format": "date-time" },
                "until": { "type": ["string", "null"], "format": "date-time" }
            }
        },
        "services": { "type": "array", "items": { "type": "string" } },
        "roles": {
            "type": "object",
            "description": "By role: commander, deputy, operations, communications, scribe, expert",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "holder": { "type": ["object", "null"], "properties": { "person": { "type": "object" }, "since": { "type": "string", "format": "date-time" } } },
                    "asked": { "type": ["object", "null"], "properties": { "person": { "type": "object" }, "since": { "type": "string", "format": "date-time" } } }
                }
            }
        },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "impact": {
            "type": "array",
            "description": "Half-open windows in which users were hurt",
            "items": {
                "type": "object",
                "properties": {
                    "service": { "type": ["string", "null"] },
                    "from": { "type": "string", "format": "date-time" },
                    "to": { "type": ["string", "null"], "format": "date-time" }
                }
            }
        },
        "signals": { "type": "object", "description": "Alerts per service, counted" },
        "private": { "type": "boolean" },
        "started_at": { "type": "string", "format": "date-time" },
        "detected_at": { "type": ["string", "null"], "format": "date-time", "description": "Null only for imported incidents whose origin does not say" },
        "acknowledged_at": { "type": ["string", "null"], "format": "date-time" },
        "mitigated_at": { "type": ["string", "null"], "format": "date-time" },
        "resolved_at": { "type": ["string", "null"], "format": "date-time" },
        "resolved_by": { "type": ["string", "null"], "enum": ["person", "signal", null] },
        "closed_at": { "type": ["string", "null"], "format": "date-time" },
        "merged_into": { "type": ["string", "null"], "format": "uuid" },
        "updated_at": { "type": "string", "format": "date-time" },
        "version": { "type": "integer", "format": "int64" }
    }
});

shape!(Incidents, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Incident" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Declare, {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": { "type": "string", "maxLength": 300 },
        "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }], "description": "Absent or null: not sure yet; the incident is in triage" },
        "reason": { "type": ["string", "null"] },
        "services": { "type": "array", "items": { "type": "string" } },
        "impact": { "type": "array", "items": { "type": "object" } },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "kind": { "type": "string", "enum": ["incident", "maintenance", "drill"] },
        "private": { "type": "boolean" },
        "started_at": { "type": ["string", "null"], "format": "date-time" }
    }
});

shape!(Command, {
    "type": "object",
    "description": "One command by its name, with what it carries",
    "required": ["command"],
    "properties": {
        "command": {
            "type": "string",
            "enum": [
                "acknowledge", "unacknowledge", "set_severity", "activate", "mitigate", "resolve", "close", "reopen", "cancel", "merge", "assign_role",
                "accept_role", "release_role", "note", "decision", "link", "pin", "unpin", "correct_time", "set_title", "set_services", "set_impact",
                "tag", "set_private", "attach_alert", "detach_alert"
            ]
        },
        "for_s": { "type": "integer", "description": "acknowledge: holds for this many seconds" },
        "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
        "reason": { "type": "string" },
        "into": { "type": "string", "format": "uuid", "description": "merge: the incident that goes on" },
        "role": { "type": "string", "enum": ["commander", "deputy", "operations", "communications", "scribe", "expert"] },
        "person": { "$ref": "#/components/schemas/Person" },
        "text": { "type": "string" },
        "url": { "type": "string" },
        "seq": { "type": "integer", "format": "int64", "description": "pin, unpin, correct_time: the entry" },
        "happened_at": { "type": "string", "format": "date-time" },
        "title": { "type": "string" },
        "services": { "type": "array", "items": { "type": "string" } },
        "impact": { "type": "array", "items": { "type": "object" } },
        "labels": { "type": "object", "additionalProperties": { "type": "string" }, "description": "tag: an empty value removes a label" },
        "private": { "type": "boolean" },
        "alert": { "type": "string", "format": "uuid" }
    },
    "examples": [{ "command": "note", "text": "Rolled back to 4.2.1" }, { "command": "set_severity", "severity": "SEV2", "reason": "checkout fails for everybody" }]
});

shape!(Entry, {
    "type": "object",
    "required": ["seq", "kind", "happened_at", "recorded_at", "actor", "text", "data", "pinned", "hash", "prev_hash"],
    "properties": {
        "seq": { "type": "integer", "format": "int64" },
        "kind": { "type": "string" },
        "happened_at": { "type": "string", "format": "date-time" },
        "recorded_at": { "type": "string", "format": "date-time" },
        "corrected_from": { "type": ["string", "null"], "format": "date-time" },
        "actor": { "type": "object", "properties": { "kind": { "type": "string" }, "id": { "type": "string" }, "name": { "type": "string" } } },
        "command": { "type": ["string", "null"], "format": "uuid" },
        "text": { "type": "string", "description": "The entry in one sentence" },
        "data": { "type": "object" },
        "pinned": { "type": "boolean" },
        "hash": { "type": "string" },
        "prev_hash": { "type": "string" }
    }
});

shape!(Entries, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Export, {
    "type": "object",
    "description": "format=json: the shapes of this document side by side. format=bundle: the same incident with its events as they were hashed, `format` being tocsin/bundle/v1",
    "required": ["exported_at", "incident", "alerts"],
    "properties": {
        "exported_at": { "type": "string", "format": "date-time" },
        "incident": { "$ref": "#/components/schemas/Incident" },
        "timeline": { "type": "array", "items": { "$ref": "#/components/schemas/Entry" } },
        "alerts": { "type": "array", "items": { "$ref": "#/components/schemas/Alert" } },
        "format": { "type": "string", "enum": ["tocsin/bundle/v1"], "description": "A bundle alone has this and what follows" },
        "events": { "type": "array", "items": { "type": "object" } },
        "head_hash": { "type": "string" },
        "digest": { "type": "string", "description": "Holds what stands beside the events" }
    }
});

shape!(Verification, {
    "type": "object",
    "required": ["incident_id", "ref", "events", "head_hash", "holds", "fault", "words"],
    "properties": {
        "incident_id": { "type": "string", "format": "uuid" },
        "ref": { "type": "string", "examples": ["INC-12"] },
        "events": { "type": "integer", "format": "int64" },
        "head_hash": { "type": "string" },
        "holds": { "type": "boolean" },
        "fault": { "type": ["object", "null"], "properties": {
            "seq": { "type": "integer", "format": "int64", "description": "The first entry that is wrong; 0 where no entry is to blame" },
            "what": { "type": "string" }
        } },
        "words": { "type": "string", "description": "The finding in one sentence" }
    }
});

shape!(AuditEntry, {
    "type": "object",
    "description": "Something that was done here and is no event of an incident; one chain of hashes over all of them",
    "required": ["seq", "at", "actor", "action", "subject", "address", "data", "prev_hash", "hash"],
    "properties": {
        "seq": { "type": "integer", "format": "int64" },
        "at": { "type": "string", "format": "date-time" },
        "actor": { "type": "object", "properties": {
            "kind": { "type": "string", "enum": ["person", "token", "integration", "system", "import"] },
            "id": { "type": "string" },
            "name": { "type": "string" }
        } },
        "action": { "type": "string", "examples": ["session.signed_in", "token.created", "person.role_changed"] },
        "subject": { "type": ["object", "null"], "properties": { "kind": { "type": "string" }, "id": { "type": "string" }, "name": { "type": "string" } } },
        "address": { "type": ["string", "null"], "description": "The network address that asked" },
        "data": { "type": "object", "additionalProperties": { "type": "string" } },
        "prev_hash": { "type": "string" },
        "hash": { "type": "string" }
    }
});

shape!(AuditEntries, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/AuditEntry" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(AuditExport, {
    "type": "object",
    "required": ["exported_at", "verification", "entries"],
    "properties": {
        "exported_at": { "type": "string", "format": "date-time" },
        "verification": { "type": "object", "description": "Of the whole log, whatever was asked for", "required": ["entries", "head_hash", "holds", "fault", "words"], "properties": {
            "entries": { "type": "integer", "format": "int64" },
            "head_hash": { "type": "string" },
            "holds": { "type": "boolean" },
            "fault": { "type": ["object", "null"], "properties": { "seq": { "type": "integer", "format": "int64" }, "what": { "type": "string" } } },
            "words": { "type": "string" }
        } },
        "entries": { "type": "array", "items": { "$ref": "#/components/schemas/AuditEntry" } }
    }
});

shape!(Alert, {
    "type": "object",
    "description": "One episode, from first firing to its resolve",
    "required": ["id", "source", "integration_id", "dedupe_key", "state", "severity", "title", "labels", "annotations", "started_at", "resolved_at", "deliveries", "incident_id", "stale", "links"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "source": { "type": "string" },
        "integration_id": { "type": "string", "format": "uuid" },
        "dedupe_key": { "type": "string" },
        "state": { "type": "string", "enum": ["triggered", "acknowledged", "resolved"] },
        "severity": { "oneOf": [{ "$ref": "#/components/schemas/AlertSeverity" }, { "type": "null" }] },
        "title": { "type": "string" },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "annotations": { "type": "object", "additionalProperties": { "type": "string" } },
        "started_at": { "type": "string", "format": "date-time" },
        "resolved_at": { "type": ["string", "null"], "format": "date-time" },
        "deliveries": { "type": "integer", "format": "int64" },
        "incident_id": { "type": ["string", "null"], "format": "uuid" },
        "stale": { "type": "boolean" },
        "links": { "type": "array", "items": { "type": "object", "properties": { "href": { "type": "string" }, "text": { "type": "string" } } } }
    }
});

shape!(Alerts, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Alert" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(SentAlert, {
    "type": "object",
    "description": "One alert; a list of them is taken too",
    "required": ["title"],
    "properties": {
        "title": { "type": "string" },
        "status": { "type": "string", "examples": ["firing", "acknowledged", "resolved"] },
        "severity": { "type": "string", "examples": ["critical", "error", "warning", "info"] },
        "dedupe_key": { "type": "string", "description": "Tells alerts apart; absent: made from the title" },
        "description": { "type": "string" },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "annotations": { "type": "object", "additionalProperties": { "type": "string" } },
        "url": { "type": "string" },
        "timestamp": { "type": "string", "format": "date-time" },
        "started_at": { "type": "string", "format": "date-time" },
        "resolved_at": { "type": "string", "format": "date-time" }
    }
});

shape!(Receipt, {
    "type": "object",
    "required": ["status", "opened", "repeated", "acknowledged", "resolved", "ignored", "incidents_opened", "incidents_resolved", "alerts"],
    "properties": {
        "status": { "type": "string", "enum": ["ok"] },
        "opened": { "type": "integer" },
        "repeated": { "type": "integer" },
        "acknowledged": { "type": "integer" },
        "resolved": { "type": "integer" },
        "ignored": { "type": "integer" },
        "incidents_opened": { "type": "integer" },
        "incidents_resolved": { "type": "integer" },
        "alerts": { "type": "array", "items": { "type": "string", "format": "uuid" } },
        "changes": { "type": "integer", "description": "Change records kept" },
        "warnings": { "type": "array", "items": { "type": "string" } },
        "rejected": { "type": "array", "items": { "type": "object", "properties": { "index": { "type": "integer" }, "detail": { "type": "string" } } } }
    }
});

shape!(Settings, {
    "type": "object",
    "properties": {
        "rate_limit": { "type": "integer", "description": "Requests per second; 0 switches the limit off; default 1000" },
        "header": { "type": "string", "description": "Name of the header with the signature or key" },
        "timestamp_header": { "type": "string", "description": "Name of the header with the signed time" },
        "heartbeat_s": { "type": "integer", "description": "A dead-man alert opens after this many seconds without a watchdog; 0 switches it off" }
    }
});

shape!(Grouping, {
    "type": "object",
    "properties": {
        "by": { "type": "array", "items": { "type": "string" }, "default": ["service"] },
        "quiet_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 300 },
        "storm_at": { "type": "integer", "minimum": 2, "default": 10 }
    }
});

shape!(Integration, {
    "type": "object",
    "required": ["id", "source", "name", "settings", "grouping", "signing_secrets", "created_at", "disabled"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "source": { "type": "string" },
        "name": { "type": "string" },
        "settings": { "$ref": "#/components/schemas/Settings" },
        "grouping": { "$ref": "#/components/schemas/Grouping" },
        "signing_secrets": { "type": "integer", "description": "How many are valid now" },
        "secrets": {
            "type": "array",
            "description": "Those secrets, the oldest first, as far as they may be shown",
            "items": { "type": "object", "properties": { "fingerprint": { "type": "string" }, "added_at": { "type": ["string", "null"], "format": "date-time" } } }
        },
        "previous_token": {
            "type": ["object", "null"],
            "description": "The token before the present one, while it still opens",
            "properties": { "valid_until": { "type": ["string", "null"], "format": "date-time", "description": "Null: until it is removed" } }
        },
        "silent_since": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it was last heard, once that is longer ago than its heartbeat; without one, than a day"
        },
        "rate": { "$ref": "#/components/schemas/Rate" },
        "created_at": { "type": "string", "format": "date-time" },
        "last_received_at": { "type": ["string", "null"], "format": "date-time" },
        "heartbeat_at": { "type": ["string", "null"], "format": "date-time" },
        "disabled": { "type": "boolean" }
    }
});

shape!(Integrations, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Integration" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(CreatedIntegration, {
    "allOf": [
        { "$ref": "#/components/schemas/Integration" },
        { "type": "object", "required": ["token"], "properties": { "token": { "type": "string", "description": "Shown this once" } } }
    ]
});

shape!(NewIntegration, {
    "type": "object",
    "required": ["source", "name"],
    "properties": {
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "generic"] },
        "name": { "type": "string" },
        "token": { "type": ["string", "null"], "minLength": 16, "description": "The key its sender uses already; absent: a new one is made" },
        "signing_secrets": { "type": "array", "items": { "type": "string", "minLength": 16 } },
        "settings": { "$ref": "#/components/schemas/Settings" },
        "grouping": { "$ref": "#/components/schemas/Grouping" }
    }
});

shape!(IntegrationChanges, {
    "type": "object",
    "properties": {
        "name": { "type": "string" },
        "settings": { "$ref": "#/components/schemas/Settings" },
        "grouping": { "$ref": "#/components/schemas/Grouping" },
        "disabled": { "type": "boolean" },
        "add_signing_secrets": { "type": "array", "items": { "type": "string", "minLength": 16 }, "description": "Valid from now on, beside those that are there" },
        "remove_signing_secrets": { "type": "array", "items": { "type": "string" }, "description": "Fingerprints" }
    }
});

shape!(NewToken, {
    "type": "object",
    "properties": {
        "token": { "type": ["string", "null"], "minLength": 16, "description": "One of the caller's own; absent: a new one is made" },
        "previous_valid_until": { "type": ["string", "null"], "format": "date-time", "description": "Until when the old token opens as well; absent: until it is removed" }
    }
});

shape!(Rate, {
    "type": "object",
    "description": "A limit in force and how it was used, as this server has counted",
    "required": ["limit", "burst", "last_minute", "limited", "limited_at"],
    "properties": {
        "limit": { "type": "integer", "description": "Requests per second; 0 is no limit" },
        "burst": { "type": "integer" },
        "last_minute": { "type": "integer" },
        "limited": { "type": "integer", "description": "How many were refused because of it since the server started" },
        "limited_at": { "type": ["string", "null"], "format": "date-time" }
    }
});

shape!(Trial, {
    "type": "object",
    "required": ["source", "body"],
    "properties": {
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "generic"] },
        "body": { "type": "string", "description": "What would be sent, byte by byte" },
        "headers": { "type": "object", "additionalProperties": { "type": "string" }, "description": "A signature among them is checked" },
        "integration_id": { "type": ["string", "null"], "format": "uuid", "description": "Whose settings and alerts count; absent: the source's only one, else those of a new one" }
    }
});

shape!(Prediction, {
    "type": "object",
    "required": ["integration", "refused", "signature", "signals", "changes", "warnings", "rejected", "incidents_opened"],
    "properties": {
        "integration": { "type": ["object", "null"], "properties": { "id": { "type": "string", "format": "uuid" }, "name": { "type": "string" } } },
        "refused": {
            "type": ["object", "null"],
            "description": "Why the door would take nothing of it now",
            "properties": { "code": { "type": "string" }, "words": { "type": "string" }, "errors": { "type": "array", "items": { "type": "string" } } }
        },
        "signature": { "type": "object", "properties": {
            "required": { "type": "boolean" }, "header": { "type": "string" }, "given": { "type": "boolean" },
            "holds": { "type": ["boolean", "null"] }, "words": { "type": ["string", "null"] }
        } },
        "signals": { "type": "array", "items": {
            "type": "object",
            "properties": {
                "action": { "type": "string", "enum": ["fire", "acknowledge", "resolve"] },
                "dedupe_key": { "type": "string" },
                "severity": { "oneOf": [{ "$ref": "#/components/schemas/AlertSeverity" }, { "type": "null" }] },
                "title": { "type": "string" },
                "service": { "type": ["string", "null"] },
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "annotations": { "type": "object", "additionalProperties": { "type": "string" } },
                "links": { "type": "array", "items": { "type": "object" } },
                "group_key": { "type": "string" },
                "started_at": { "type": ["string", "null"], "format": "date-time" },
                "expires_at": { "type": ["string", "null"], "format": "date-time" },
                "heartbeat": { "type": "boolean" },
                "verdict": { "type": "string", "enum": ["open", "repeat", "acknowledge", "resolve", "ignore_late", "ignore_unknown"] },
                "alert_id": { "type": ["string", "null"], "format": "uuid", "description": "The alert that is known by its key" },
                "incident": {
                    "type": ["object", "null"],
                    "properties": {
                        "id": { "type": ["string", "null"], "format": "uuid", "description": "Null: this delivery would open it" },
                        "ref": { "type": ["string", "null"] },
                        "new": { "type": ["integer", "null"], "description": "Tells those apart that this delivery would open" },
                        "title": { "type": "string" },
                        "proposed_severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] }
                    }
                },
                "why": { "type": "string" }
            }
        } },
        "changes": { "type": "array", "items": { "type": "object" } },
        "warnings": { "type": "array", "items": { "type": "string" } },
        "rejected": { "type": "array", "items": { "type": "object", "properties": { "index": { "type": "integer" }, "words": { "type": "string" } } } },
        "incidents_opened": { "type": "integer" }
    }
});

shape!(ChangeRecord, {
    "type": "object",
    "required": ["id", "integration_id", "source", "key", "service", "title", "status", "happened_at", "received_at", "links"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "integration_id": { "type": "string", "format": "uuid" },
        "source": { "type": "string" },
        "key": { "type": "string" },
        "service": { "type": ["string", "null"] },
        "title": { "type": "string" },
        "status": { "type": ["string", "null"], "enum": ["pending", "running", "success", "failure", "superseded", "other", null] },
        "happened_at": { "type": "string", "format": "date-time" },
        "received_at": { "type": "string", "format": "date-time" },
        "links": { "type": "array", "items": { "type": "object", "properties": { "href": { "type": "string" }, "text": { "type": "string" } } } }
    }
});

shape!(Changes, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/ChangeRecord" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Delivery, {
    "type": "object",
    "description": "One request at the doors for senders; in a flood, many with the same verdict as one",
    "required": ["id", "integration_id", "source", "received_at", "times", "last_received_at", "verdict", "status", "counts", "words", "size_bytes", "sender", "body", "body_is_cut", "duration_us"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "integration_id": { "type": ["string", "null"], "format": "uuid", "description": "Null where no integration was recognised" },
        "source": { "type": "string" },
        "received_at": { "type": "string", "format": "date-time" },
        "times": { "type": "integer" },
        "last_received_at": { "type": "string", "format": "date-time" },
        "verdict": { "type": "string", "description": "accepted, partly_accepted, or the code of the refusal" },
        "status": { "type": "integer", "description": "The HTTP status of the answer" },
        "counts": {
            "type": "object",
            "description": "What all of them together did: opened, repeated, acknowledged, resolved, ignored, rejected, changes, incidents_opened, incidents_resolved",
            "additionalProperties": { "type": "integer" }
        },
        "words": { "type": "string" },
        "size_bytes": { "type": "integer", "format": "int64" },
        "sender": { "type": ["string", "null"], "description": "The address it came from" },
        "body": { "type": ["string", "null"], "description": "The first kilobytes as text, without keys; for admins" },
        "body_is_cut": { "type": "boolean" },
        "duration_us": { "type": "integer", "format": "int64" }
    }
});

shape!(Deliveries, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Delivery" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Caller, {
    "type": "object",
    "required": ["kind", "id", "name", "login", "role", "rights"],
    "properties": {
        "kind": { "type": "string", "enum": ["person", "token"] },
        "id": { "type": "string" },
        "name": { "type": "string" },
        "login": { "type": ["string", "null"] },
        "role": { "type": "string", "enum": ["viewer", "responder", "commander", "admin"] },
        "rights": { "type": "array", "items": { "type": "string" } }
    }
});

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
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "generic"] },
        "body": { "description": "What the sender sent" }
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
                "metrics": { "type": "object", "description": "By name: mttd, mtta, mttm, mttr, mtbf, frequency, repeats", "additionalProperties": { "$ref": "#/components/schemas/Summary" } }
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
        }
    }
});

shape!(Service, {
    "type": "object",
    "required": ["name", "owner", "tier", "description", "links", "open", "alerts", "last_incident_at", "last_change", "availability"],
    "properties": {
        "name": { "type": "string" },
        "owner": { "type": ["string", "null"] },
        "tier": { "type": ["integer", "null"] },
        "description": { "type": "string" },
        "links": { "type": "array", "items": { "type": "object", "required": ["href", "text"], "properties": { "href": { "type": "string" }, "text": { "type": "string" } } } },
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
        "availability": { "type": "number", "minimum": 0, "maximum": 1, "description": "The share of the last thirty days in which nobody was hurt by it" }
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
