//! Shapes of integrations and of what comes in through them.

use super::from_json;
use serde_json::json;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

shape!(Settings, {
    "type": "object",
    "properties": {
        "rate_limit": { "type": "integer", "description": "Requests per second; 0 switches the limit off; default 1000" },
        "header": { "type": "string", "description": "Name of the header with the signature or key" },
        "timestamp_header": { "type": "string", "description": "Name of the header with the signed time" },
        "heartbeat_s": { "type": "integer", "description": "A dead-man alert opens after this many seconds without a watchdog, or without anything while none was ever heard; 0 switches it off" }
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
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "github", "gitlab", "argocd", "generic"] },
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
        "source": { "type": "string", "examples": ["alertmanager", "prometheus", "grafana", "pagerduty_events", "github", "gitlab", "argocd", "generic"] },
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
