//! Shapes of telemetry.

use super::from_json;
use serde_json::json;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

shape!(TelemetryFigures, {
    "type": "object",
    "required": ["requests", "errors", "error_ratio", "p50_s", "p95_s", "p99_s"],
    "properties": {
        "requests": { "type": "integer" },
        "errors": { "type": "integer", "description": "Status ERROR; of a span that sets no status also HTTP 5xx, the failures of gRPC, `error=true` and `otel.status_code=ERROR`" },
        "error_ratio": { "type": ["number", "null"], "description": "Of `requests`; null where there are none" },
        "p50_s": { "type": ["number", "null"], "description": "Within 1.1 % of the exact value, as the other quantiles" },
        "p95_s": { "type": ["number", "null"] },
        "p99_s": { "type": ["number", "null"] }
    }
});

shape!(TelemetryReadFrom, {
    "type": "object",
    "description": "Where a data source was asked: what the answer was made from",
    "required": ["source", "words", "gaps"],
    "properties": {
        "source": { "type": "string" },
        "traces": { "type": ["integer", "null"], "description": "How many were looked at" },
        "words": { "type": "string" },
        "gaps": { "type": "array", "items": { "type": "string" }, "description": "What the source did not answer" }
    }
});

shape!(TelemetryTraffic, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": { "allOf": [
            { "$ref": "#/components/schemas/TelemetryFigures" },
            {
                "type": "object",
                "required": ["service", "last_seen"],
                "properties": {
                    "service": { "type": "string" },
                    "operation": { "type": "string" },
                    "caller": { "type": "string", "description": "In the list of callers; absent there: from outside, or from what sends no spans" },
                    "last_seen": { "type": ["string", "null"], "format": "date-time" },
                    "before": { "$ref": "#/components/schemas/TelemetryFigures", "description": "In the baseline, where one was asked for" }
                }
            }
        ] } },
        "next_cursor": { "type": "null" },
        "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" }
    }
});

shape!(TelemetryLatency, {
    "allOf": [
        { "$ref": "#/components/schemas/TelemetryFigures" },
        {
            "type": "object",
            "required": ["bounds_s", "step_s", "columns", "counts"],
            "properties": {
                "bounds_s": { "type": "array", "items": { "type": "number" }, "description": "Upper bounds in seconds, rising" },
                "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" },
                "step_s": { "type": "integer" },
                "columns": { "type": "array", "items": {
                    "type": "object",
                    "required": ["at", "counts", "requests", "errors"],
                    "properties": {
                        "at": { "type": "string", "format": "date-time" },
                        "counts": { "type": "array", "items": { "type": "integer" }, "description": "One more than there are bounds: the last is what is over the last bound" },
                        "requests": { "type": "integer" },
                        "errors": { "type": "integer" },
                        "p50_s": { "type": ["number", "null"] },
                        "p95_s": { "type": ["number", "null"] },
                        "p99_s": { "type": ["number", "null"] }
                    }
                } },
                "counts": { "type": "array", "items": { "type": "integer" }, "description": "All columns together" },
                "before": { "allOf": [
                    { "$ref": "#/components/schemas/TelemetryFigures" },
                    { "type": "object", "properties": { "counts": { "type": "array", "items": { "type": "integer" } } } }
                ], "description": "In the baseline, where one was asked for" }
            }
        }
    ]
});

shape!(TelemetryErrors, {
    "type": "object",
    "required": ["step_s", "columns", "rows"],
    "properties": {
        "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" },
        "step_s": { "type": "integer" },
        "columns": { "type": "array", "items": { "type": "string", "format": "date-time" } },
        "rows": { "type": "array", "items": {
            "type": "object",
            "required": ["service", "requests", "errors", "cells"],
            "properties": {
                "service": { "type": "string" },
                "operation": { "type": "string" },
                "requests": { "type": "integer" },
                "errors": { "type": "integer" },
                "cells": { "type": "array", "items": {
                    "type": "object",
                    "required": ["requests", "errors"],
                    "properties": { "requests": { "type": "integer" }, "errors": { "type": "integer" } }
                } },
                "last_seen": { "type": ["string", "null"], "format": "date-time" }
            }
        } }
    }
});

shape!(TelemetryGraph, {
    "type": "object",
    "required": ["nodes", "edges"],
    "properties": {
        "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" },
        "nodes": { "type": "array", "items": { "allOf": [
            { "$ref": "#/components/schemas/TelemetryFigures" },
            {
                "type": "object",
                "required": ["service", "seen", "declared"],
                "properties": {
                    "service": { "type": "string" },
                    "seen": { "type": "boolean", "description": "It sends spans itself" },
                    "declared": { "type": "boolean", "description": "Somebody described it here" },
                    "last_seen": { "type": ["string", "null"], "format": "date-time" }
                }
            }
        ] } },
        "edges": { "type": "array", "items": { "allOf": [
            { "$ref": "#/components/schemas/TelemetryFigures" },
            {
                "type": "object",
                "required": ["from", "to", "seen", "declared"],
                "properties": {
                    "from": { "type": "string" },
                    "to": { "type": "string" },
                    "seen": { "type": "boolean", "description": "Calls were measured" },
                    "declared": { "type": "boolean", "description": "Somebody said that the one depends on the other" },
                    "before": { "$ref": "#/components/schemas/TelemetryFigures" }
                }
            }
        ] } }
    }
});

shape!(TelemetryDifferences, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["kind", "service", "measure", "now", "before", "text"],
            "properties": {
                "kind": { "type": "string", "enum": ["service", "operation", "edge", "attribute", "resource"] },
                "service": { "type": "string", "description": "Of an edge, the end that stands out" },
                "operation": { "type": "string" },
                "peer": { "type": "string", "description": "The other end of an edge" },
                "attribute": { "type": "string" },
                "value": { "type": "string" },
                "instance": { "type": "string" },
                "measure": { "type": "string", "description": "errors, latency, traffic, missing, log, or the name of a metric" },
                "now": { "$ref": "#/components/schemas/TelemetryFigure" },
                "before": { "$ref": "#/components/schemas/TelemetryFigure" },
                "text": { "type": "string" }
            }
        } },
        "next_cursor": { "type": "null" },
        "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" }
    }
});

shape!(TelemetryFigure, {
    "type": "object",
    "required": ["n", "value"],
    "properties": { "n": { "type": "integer" }, "value": { "type": ["number", "null"] } }
});

shape!(TelemetryChanged, {
    "type": "object",
    "required": ["items", "cut", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["at", "until", "kind", "title", "words", "service", "is_worse", "leads_to", "change"],
            "properties": {
                "at": { "type": "string", "format": "date-time" },
                "until": { "type": ["string", "null"], "format": "date-time", "description": "When it ended, or will, of what lasts" },
                "kind": { "$ref": "#/components/schemas/TelemetryChangedKind" },
                "title": { "type": "string", "description": "What it is about" },
                "words": { "type": "string", "description": "What happened to it", "examples": ["opened, critical"] },
                "service": { "type": ["string", "null"] },
                "is_worse": { "type": "boolean", "description": "Something opened, fired, failed or was overspent" },
                "leads_to": {
                    "type": ["object", "null"],
                    "description": "Where it can be looked at",
                    "required": ["page", "name"],
                    "properties": {
                        "page": { "type": "string", "enum": ["incident", "objective", "service"] },
                        "name": { "type": "string", "description": "An incident's id or reference, else a name" }
                    }
                },
                "change": { "oneOf": [{ "$ref": "#/components/schemas/ChangeRecord" }, { "type": "null" }], "description": "Of a deploy: all that is known of it" }
            }
        } },
        "cut": { "type": "array", "items": { "$ref": "#/components/schemas/TelemetryChangedKind" }, "description": "The kinds of which there was more than is listed" },
        "next_cursor": { "type": "null" }
    }
});

shape!(TelemetryChangedKind, { "type": "string", "enum": ["deploy", "objective", "alert", "maintenance", "exclusion", "definition"] });

shape!(TelemetryGauges, {
    "type": "object",
    "required": ["step_s", "columns", "rows"],
    "properties": {
        "step_s": { "type": "integer" },
        "columns": { "type": "array", "items": { "type": "string", "format": "date-time" } },
        "rows": { "type": "array", "items": {
            "type": "object",
            "required": ["service", "instance", "metric", "unit", "attributes", "values", "suspect"],
            "properties": {
                "service": { "type": "string" },
                "instance": { "type": ["string", "null"] },
                "metric": { "type": "string" },
                "unit": { "type": "string" },
                "attributes": { "type": "array", "items": { "$ref": "#/components/schemas/TelemetryAttribute" } },
                "values": { "type": "array", "items": { "type": ["number", "null"] }, "description": "By column; null: nothing was reported" },
                "suspect": { "type": ["string", "null"], "description": "Why it is not to be believed" }
            }
        } }
    }
});

shape!(TelemetryAttribute, {
    "type": "object",
    "required": ["name", "value"],
    "properties": { "name": { "type": "string" }, "value": { "type": "string" } }
});

shape!(TelemetryTraces, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["trace_id", "root", "started_at", "duration_s", "spans", "errors", "retried", "services"],
            "properties": {
                "trace_id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
                "root": {
                    "type": "object",
                    "required": ["service", "operation"],
                    "properties": { "service": { "type": "string" }, "operation": { "type": "string" } }
                },
                "started_at": { "type": "string", "format": "date-time" },
                "duration_s": { "type": "number", "description": "The root's" },
                "spans": { "type": "integer" },
                "errors": { "type": "integer" },
                "retried": { "type": "boolean", "description": "All that failed was tried again and then succeeded" },
                "services": { "type": "array", "items": { "type": "string" } }
            }
        } },
        "next_cursor": { "type": ["string", "null"] },
        "read_from": { "$ref": "#/components/schemas/TelemetryReadFrom" }
    }
});

shape!(TelemetrySources, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["name", "kind", "has_traces"],
            "properties": {
                "name": { "type": "string" },
                "kind": { "type": "string", "enum": ["prometheus", "jaeger", "tempo"] },
                "has_traces": { "type": "boolean", "description": "Otherwise it has figures only" }
            }
        } },
        "next_cursor": { "type": "null" }
    }
});

shape!(TelemetryTrace, {
    "type": "object",
    "description": "OTLP's JSON: ids are hexadecimal, 64-bit numbers are strings",
    "required": ["resourceSpans"],
    "properties": { "resourceSpans": { "type": "array", "items": { "type": "object" } } }
});

shape!(TelemetryLogs, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": {
            "type": "object",
            "required": ["at", "severity", "severity_number", "service", "instance", "text", "trace_id", "span_id", "attributes"],
            "properties": {
                "at": { "type": "string", "format": "date-time" },
                "severity": { "type": "string", "description": "As its sender wrote it, else TRACE, DEBUG, INFO, WARN, ERROR or FATAL; empty: none" },
                "severity_number": { "type": "integer", "description": "1 to 24, as OpenTelemetry numbers them; 0: none" },
                "service": { "type": "string" },
                "instance": { "type": ["string", "null"] },
                "text": { "type": "string" },
                "trace_id": { "type": ["string", "null"] },
                "span_id": { "type": ["string", "null"] },
                "attributes": { "type": "array", "items": { "$ref": "#/components/schemas/TelemetryAttribute" } }
            }
        } },
        "next_cursor": { "type": ["string", "null"] }
    }
});

shape!(TelemetryHoldings, {
    "type": "object",
    "required": ["empty", "loading", "spans", "logs", "points", "oldest", "newest", "retention_s", "spans_let_go", "logs_let_go", "points_let_go", "duplicates", "rejected"],
    "properties": {
        "empty": { "type": "boolean", "description": "Nothing was ever sent" },
        "loading": { "type": "boolean", "description": "What was kept before this server started is still being read" },
        "spans": { "type": "integer" },
        "logs": { "type": "integer" },
        "points": { "type": "integer" },
        "oldest": { "type": ["string", "null"], "format": "date-time" },
        "newest": { "type": ["string", "null"], "format": "date-time" },
        "retention_s": { "type": "integer" },
        "memory_bytes": { "type": "integer" },
        "memory_limit_bytes": { "type": "integer" },
        "table_bytes": { "type": "integer" },
        "table_limit_bytes": { "type": "integer" },
        "spans_let_go": { "type": "integer", "description": "Let go because of the size; their counts stay in the figures" },
        "logs_let_go": { "type": "integer" },
        "points_let_go": { "type": "integer" },
        "duplicates": { "type": "integer", "description": "Sent again and counted once" },
        "rejected": { "type": "integer", "description": "Too old when they arrived, or far ahead of the clock" }
    }
});
