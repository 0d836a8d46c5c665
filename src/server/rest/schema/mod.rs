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

mod definitions;
mod figures;
mod intake;
mod objectives;
mod telemetry;

pub use definitions::*;
pub use figures::*;
pub use intake::*;
pub use objectives::*;
pub use telemetry::*;

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
        "told_at": { "type": "string", "format": "date-time", "description": "While it is open: when somebody last said how things stand; the clocks of updates run from here, else from detected_at. Absent: nobody has" },
        "update_postponed_to": { "type": "string", "format": "date-time", "description": "The next update was postponed: none is due before then" },
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
                "tag", "set_private", "attach_alert", "detach_alert", "postpone_update"
            ]
        },
        "for_s": { "type": "integer", "description": "acknowledge: holds for this many seconds; postpone_update (with a reason): no update is due before that many seconds from now, at most four times as long as people wait at this severity" },
        "severity": { "oneOf": [{ "$ref": "#/components/schemas/Severity" }, { "type": "null" }] },
        "reason": { "type": "string" },
        "into": { "type": "string", "format": "uuid", "description": "merge: the incident that goes on; a resolved one is reopened where the merged one is not over" },
        "recovered": { "type": "boolean", "description": "reopen: whether the service was well since the resolve, so that its impact begins anew (default), or never was, so that it goes on" },
        "role": { "type": "string", "enum": ["commander", "deputy", "operations", "communications", "scribe", "expert"] },
        "person": { "$ref": "#/components/schemas/Person" },
        "text": { "type": "string" },
        "url": { "type": "string" },
        "seq": { "type": "integer", "format": "int64", "description": "pin, unpin, correct_time: the entry" },
        "happened_at": { "type": "string", "format": "date-time" },
        "title": { "type": "string" },
        "services": { "type": "array", "items": { "type": "string" } },
        "impact": { "type": "array", "items": { "type": "object" }, "description": "set_impact: windows without an end end with the resolve where there is one" },
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
        "no_incident_because": { "type": ["string", "null"], "description": "Why it belongs to no incident; null where it belongs to one" },
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
        "links": { "type": "array", "items": { "type": "object", "properties": { "href": { "type": "string" }, "text": { "type": "string" } } } },
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
        "ignored": { "type": "integer", "description": "Why stands among the warnings" },
        "incidents_opened": { "type": "integer" },
        "incidents_resolved": { "type": "integer" },
        "alerts": { "type": "array", "items": { "type": "string", "format": "uuid" } },
        "changes": { "type": "integer", "description": "Change records kept" },
        "warnings": { "type": "array", "items": { "type": "string" } },
        "rejected": { "type": "array", "items": { "type": "object", "properties": { "index": { "type": "integer" }, "detail": { "type": "string" } } } }
    }
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
