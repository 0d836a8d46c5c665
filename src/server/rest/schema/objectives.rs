//! Shapes of objectives, readings, exclusions, data sources and the release gate.

use super::from_json;
use serde_json::json;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

shape!(ObjectiveDraft, {
    "type": "object",
    "required": ["name", "target"],
    "properties": {
        "name": { "type": "string", "description": "Unique; in files, readings and on the command line" },
        "title": { "type": ["string", "null"] },
        "description": { "type": "string" },
        "service": { "type": ["string", "null"] },
        "target": { "type": ["number", "string"], "description": "0.999, \"0.999\" or \"99.9 %\"", "examples": [0.999, "99.9 %"] },
        "window": { "type": ["string", "object"], "description": "A single one of `windows`", "examples": ["30d", "calendar month in Europe/Berlin"] },
        "windows": {
            "type": "array",
            "description": "The first is the one that lists and boards show. In words, or as {type: rolling, seconds} and {type: calendar, unit, count, anchor_local, zone}",
            "items": { "oneOf": [{ "type": "string" }, { "type": "object" }] },
            "minItems": 1,
            "maxItems": 5
        },
        "method": { "type": "string", "enum": ["occurrences", "timeslices", "ratio_timeslices"], "default": "occurrences" },
        "slice_target": { "type": ["number", "string", "null"], "description": "timeslices: the share of a slice that has to be good for the slice to be" },
        "indicator": {
            "type": "object",
            "description": "Absent: pushed. ratio {good | bad, total}, latency {histogram, threshold_s, native}, probe {query, absent_is_bad?}, threshold {query, op, value, absent_is_bad?}, telemetry {service, operation?, threshold_s?}, pushed, composite {how, of}",
            "required": ["kind"],
            "properties": {
                "kind": { "type": "string", "enum": ["ratio", "latency", "probe", "threshold", "telemetry", "pushed", "composite"] },
                "absent_is_bad": { "type": "boolean", "default": false, "description": "probe and threshold, with a method of time slices: a slice without a sample is bad, from when the objective was made, or measured anew, on, where the source answers and has samples of `up`" }
            }
        },
        "source": { "type": ["string", "null"], "description": "The name of the data source that is asked" },
        "slice_s": { "type": "integer", "default": 60 },
        "alerting": {
            "type": "object",
            "properties": {
                "enabled": { "type": "boolean", "default": true },
                "pairs": { "type": ["array", "null"], "items": { "type": "object", "required": ["severity", "factor", "long_s", "short_s"], "properties": {
                    "severity": { "type": "string", "enum": ["page", "ticket"] },
                    "factor": { "type": "number" },
                    "long_s": { "type": "integer" },
                    "short_s": { "type": "integer" }
                } } },
                "min_bad": { "type": "number", "default": 2 }
            }
        },
        "gate_fails_closed": { "type": "boolean", "default": false },
        "basis": { "type": "string", "enum": ["last_period", "observed"], "default": "last_period" }
    }
});

shape!(Objective, {
    "allOf": [
        { "$ref": "#/components/schemas/ObjectiveDraft" },
        {
            "type": "object",
            "required": ["id", "generation", "generation_at", "revision", "created_at", "updated_at", "updated_by"],
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "generation": { "type": "integer", "description": "Goes up when readings made before say nothing any more" },
                "generation_at": { "type": "string", "format": "date-time" },
                "revision": { "type": "integer", "description": "For If-Match" },
                "created_at": { "type": "string", "format": "date-time" },
                "updated_at": { "type": "string", "format": "date-time" },
                "updated_by": { "type": "string" }
            }
        }
    ]
});

shape!(Objectives, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "allOf": [
        { "$ref": "#/components/schemas/Objective" },
        { "type": "object", "required": ["trouble"], "properties": { "trouble": { "$ref": "#/components/schemas/Trouble" } } }
    ] } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(Trouble, {
    "type": ["object", "null"],
    "description": "What keeps the objective from being measured now, as far as the server knows that asks its source; null where nothing does",
    "required": ["since", "words"],
    "properties": { "since": { "type": "string", "format": "date-time" }, "words": { "type": "string" } }
});

shape!(Revisions, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": { "allOf": [
            { "$ref": "#/components/schemas/ObjectiveDraft" },
            { "type": "object", "required": ["revision", "generation", "at", "author"], "properties": {
                "revision": { "type": "integer" },
                "generation": { "type": "integer" },
                "at": { "type": "string", "format": "date-time" },
                "author": { "type": "string" }
            } }
        ] } },
        "next_cursor": { "type": ["string", "null"] }
    }
});

shape!(Tally, {
    "type": "object",
    "required": ["good", "bad", "total", "sli", "allowed_bad", "consumed_ratio", "remaining_ratio"],
    "properties": {
        "good": { "type": "number" },
        "bad": { "type": "number" },
        "total": { "type": "number" },
        "sli": { "type": ["number", "null"], "description": "Null where nothing was counted" },
        "allowed_bad": { "type": "number" },
        "consumed_ratio": { "type": ["number", "null"] },
        "remaining_ratio": { "type": ["number", "null"], "description": "1 − consumed, below 0 when overspent" }
    }
});

shape!(Brief, {
    "type": "object",
    "required": ["id", "name", "title", "service", "target", "method", "generation", "revision"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "name": { "type": "string" },
        "title": { "type": "string" },
        "service": { "type": ["string", "null"] },
        "target": { "type": "number" },
        "method": { "type": "string" },
        "generation": { "type": "integer" },
        "revision": { "type": "integer" }
    }
});

shape!(BurnAlert, {
    "type": "object",
    "properties": {
        "severity": { "type": "string", "enum": ["page", "ticket"] },
        "factor": { "type": "number" },
        "long_s": { "type": "integer" },
        "short_s": { "type": "integer" },
        "lengthened_from": {
            "type": ["object", "null"],
            "description": "The pair as it was given, where its short window would hold less than two slices: it is lengthened, and fires at the same share of the budget",
            "required": ["factor", "long_s", "short_s"],
            "properties": { "factor": { "type": "number" }, "long_s": { "type": "integer" }, "short_s": { "type": "integer" } }
        },
        "long_burn": { "type": ["number", "null"] },
        "short_burn": { "type": ["number", "null"] },
        "governing_burn": { "type": ["number", "null"] },
        "state": { "type": "string", "enum": ["CRITICAL", "RECOVERING", "INCREASING", "ACCEPTABLE"] },
        "firing": { "type": "boolean" },
        "frozen": { "type": "boolean", "description": "Too little was measured: it keeps its level" },
        "held_back": { "type": "boolean", "description": "A ticket that fires, for which nothing is raised while the alert that pages fires" },
        "spent_at_firing": { "type": "number" }
    }
});

shape!(BudgetReport, {
    "description": "One window of an objective at an instant. The counts at top level have exclusions applied; `raw` has them without",
    "allOf": [
        { "$ref": "#/components/schemas/Tally" },
        {
            "type": "object",
            "required": ["objective", "at", "watermark", "window", "state", "words", "raw", "unit", "remaining_minutes", "budget_minutes", "coverage", "burn", "alerts", "exhaustion", "flags"],
            "properties": {
                "objective": { "$ref": "#/components/schemas/Brief" },
                "at": { "type": "string", "format": "date-time" },
                "watermark": { "type": ["string", "null"], "format": "date-time", "description": "The end of the last measured slice" },
                "window": { "type": "object", "properties": {
                    "name": { "type": "string" },
                    "kind": { "type": "string", "enum": ["rolling", "calendar"] },
                    "from": { "type": "string", "format": "date-time" },
                    "to": { "type": "string", "format": "date-time" },
                    "length_s": { "type": "integer" }
                } },
                "state": { "type": "string", "enum": ["overspent", "low", "within", "not_measured"] },
                "words": { "type": "string" },
                "raw": { "$ref": "#/components/schemas/Tally" },
                "unit": { "type": "string", "enum": ["events", "slices"] },
                "remaining_minutes": { "type": ["number", "null"] },
                "budget_minutes": { "type": "number" },
                "coverage": { "type": "number" },
                "best_remaining_ratio": { "type": ["number", "null"], "description": "If everything unmeasured had been good" },
                "worst_remaining_ratio": { "type": ["number", "null"], "description": "If everything unmeasured had been bad" },
                "burn": { "type": "array", "items": { "type": "object", "properties": {
                    "window_s": { "type": "integer" },
                    "error_ratio": { "type": ["number", "null"] },
                    "burn_rate": { "type": ["number", "null"] },
                    "coverage": { "type": "number" }
                } } },
                "alerts": { "type": "array", "items": { "$ref": "#/components/schemas/BurnAlert" } },
                "exhaustion": { "type": "object", "properties": {
                    "full_budget_s": { "type": ["number", "null"], "description": "A full budget at this pace" },
                    "remaining_budget_s": { "type": ["number", "null"], "description": "What is left at this pace" },
                    "forecast_at": { "type": ["string", "null"], "format": "date-time" },
                    "earliest_at": { "type": ["string", "null"], "format": "date-time" },
                    "latest_at": { "type": ["string", "null"], "format": "date-time" },
                    "recovers_at": { "type": ["string", "null"], "format": "date-time" },
                    "projected_end_ratio": { "type": ["number", "null"] }
                } },
                "flags": { "type": "array", "items": { "type": "string", "enum": ["good_over_total", "constant_zero", "stale", "partial_window", "little_traffic", "drift", "coarse_slices", "never_counted"] } }
            }
        }
    ]
});

shape!(Budget, {
    "allOf": [
        { "$ref": "#/components/schemas/BudgetReport" },
        { "type": "object", "required": ["trouble"], "properties": { "trouble": { "$ref": "#/components/schemas/Trouble" } } }
    ]
});

shape!(Derivation, {
    "type": "object",
    "description": "How the figures of a budget come about: the formula, its inputs, gaps, exclusions and who spent it",
    "required": ["objective", "at", "from", "to", "figure", "left", "formula", "inputs"],
    "properties": {
        "objective": { "$ref": "#/components/schemas/Brief" },
        "at": { "type": "string", "format": "date-time" },
        "from": { "type": "string", "format": "date-time" },
        "to": { "type": "string", "format": "date-time" },
        "figure": { "type": "string" },
        "left": { "type": "string" },
        "formula": { "type": "array", "items": { "type": "string" } },
        "inputs": { "type": "array", "items": { "type": "object", "properties": { "label": { "type": "string" }, "value": { "type": "string" } } } },
        "alerts": { "type": "array", "description": "Which pairs of windows its slices are too long for, and what it alerts by instead", "items": { "type": "string" } }
    }
});

shape!(Slices, {
    "type": "object",
    "required": ["objective", "generation", "unit", "step_s", "items"],
    "properties": {
        "objective": { "type": "string" },
        "generation": { "type": "integer" },
        "unit": { "type": "string", "enum": ["events", "slices"] },
        "step_s": { "type": "integer" },
        "items": { "type": "array", "items": { "type": "object", "required": ["from", "to", "good", "bad", "total", "coverage"], "properties": {
            "from": { "type": "string", "format": "date-time" },
            "to": { "type": "string", "format": "date-time" },
            "good": { "type": ["number", "null"], "description": "Null where nothing was measured" },
            "bad": { "type": ["number", "null"] },
            "total": { "type": ["number", "null"] },
            "raw_bad": { "type": ["number", "null"], "description": "Without exclusions" },
            "raw_total": { "type": ["number", "null"] },
            "coverage": { "type": "number" }
        } } }
    }
});

shape!(ObjectivesBoard, {
    "type": "object",
    "required": ["headline", "rows"],
    "properties": {
        "headline": { "type": "object", "required": ["words"], "properties": { "words": { "type": "string" }, "worst": { "type": ["string", "null"] }, "next": { "type": ["string", "null"] } } },
        "rows": { "type": "array", "description": "The worst first", "items": { "allOf": [
            { "$ref": "#/components/schemas/BudgetReport" },
            { "type": "object", "properties": { "spark": { "type": "array", "items": { "type": ["number", "null"] } } } }
        ] } }
    }
});

shape!(Costs, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": { "type": "array", "items": { "type": "object", "required": ["objective", "window", "bad", "ratio", "minutes", "shared"], "properties": {
            "objective": { "$ref": "#/components/schemas/Brief" },
            "window": { "type": "string" },
            "bad": { "type": "number", "description": "Beyond what is usual at that time of the week" },
            "ratio": { "type": "number", "description": "Share of the budget" },
            "minutes": { "type": "number" },
            "shared": { "type": "boolean", "description": "Another incident was open at the same time" },
            "points_per_hour": { "type": ["number", "null"], "description": "While it is open" }
        } } },
        "next_cursor": { "type": ["string", "null"] }
    }
});

shape!(SentReading, {
    "type": "object",
    "description": "One reading; one a line, or a JSON array of them. Two of good, bad and total are needed",
    "required": ["objective", "at"],
    "properties": {
        "objective": { "type": "string", "description": "Its name or id" },
        "at": { "type": ["string", "number"], "description": "RFC 3339, or seconds since 1970; with the objective its identity", "examples": ["2026-08-11T11:06:00Z"] },
        "good": { "type": "number", "minimum": 0, "maximum": 1_000_000_000_000_i64 },
        "bad": { "type": "number", "minimum": 0, "maximum": 1_000_000_000_000_i64 },
        "total": { "type": "number", "minimum": 0, "maximum": 1_000_000_000_000_i64 }
    }
});

shape!(SliReport, {
    "type": "object",
    "required": ["accepted", "unchanged", "rejected"],
    "properties": {
        "accepted": { "type": "integer", "description": "New readings, and those that say something else than before" },
        "unchanged": { "type": "integer" },
        "rejected": { "type": "array", "items": { "type": "object", "properties": { "line": { "type": "integer" }, "code": { "type": "string" }, "detail": { "type": "string" } } } },
        "rejected_more": { "type": "integer", "description": "How many more there are than are named" }
    }
});

shape!(ExclusionDraft, {
    "type": "object",
    "required": ["from", "to", "reason"],
    "properties": {
        "objective": { "type": ["string", "null"], "description": "Absent: all of `service`, or all there are" },
        "service": { "type": ["string", "null"] },
        "from": { "type": "string", "format": "date-time" },
        "to": { "type": "string", "format": "date-time" },
        "recurrence": { "type": ["object", "string", "null"], "description": "A rule alone begins with `from`, in UTC, and lasts until `to`; with more than a rule, `from` and `to` are its first time", "properties": {
            "rule": { "type": "string", "examples": ["FREQ=WEEKLY;BYDAY=SU"] },
            "start": { "type": "string", "examples": ["2026-08-09T02:00:00"] },
            "zone": { "type": "string", "examples": ["Europe/Berlin"] },
            "duration_s": { "type": "integer" }
        } },
        "ends_at": { "type": ["string", "null"], "format": "date-time", "description": "From when on what comes again is left out no more" },
        "reason": { "type": "string" },
        "category": { "type": "string" }
    }
});

shape!(EndedExclusion, {
    "type": "object",
    "required": ["ends_at"],
    "additionalProperties": false,
    "properties": { "ends_at": { "type": "string", "format": "date-time", "description": "Behind its beginning, before its end" } }
});

shape!(Exclusion, {
    "allOf": [
        { "$ref": "#/components/schemas/ExclusionDraft" },
        { "type": "object", "required": ["id", "author", "created_at"], "properties": {
            "id": { "type": "string", "format": "uuid" },
            "author": { "type": "string" },
            "created_at": { "type": "string", "format": "date-time" }
        } }
    ]
});

shape!(Exclusions, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/Exclusion" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(DataSourceDraft, {
    "type": "object",
    "description": "What is absent stays; a new one needs name and url",
    "properties": {
        "name": { "type": "string" },
        "kind": { "type": "string", "enum": ["prometheus", "jaeger", "tempo"], "description": "Absent: prometheus, for everything that speaks its HTTP API; it stays" },
        "url": { "type": "string", "description": "What stands before the API's own paths, as /api/v1" },
        "auth": {
            "type": "object",
            "description": "{kind: none}, {kind: bearer, token}, {kind: basic, user, password}; an absent secret stays",
            "required": ["kind"],
            "properties": {
                "kind": { "type": "string", "enum": ["none", "bearer", "basic"] },
                "token": { "type": "string", "writeOnly": true },
                "user": { "type": "string" },
                "password": { "type": "string", "writeOnly": true }
            }
        },
        "tenant": { "type": "string", "description": "Sent as X-Scope-OrgID; empty: none" },
        "headers": { "type": "object", "writeOnly": true, "additionalProperties": { "type": ["string", "null"] }, "description": "All of them; null keeps a value" },
        "ca_pem": { "type": "string", "writeOnly": true, "description": "Authorities instead of the machine's own; empty: none" },
        "timeout_s": { "type": "integer", "minimum": 1, "maximum": 120 }
    }
});

shape!(DataSource, {
    "type": "object",
    "required": ["id", "name", "kind", "url", "auth", "user", "tenant", "headers", "has_ca", "timeout_s", "created_at", "updated_at"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "name": { "type": "string" },
        "kind": { "type": "string" },
        "url": { "type": "string" },
        "auth": { "type": "string", "enum": ["none", "bearer", "basic"] },
        "user": { "type": ["string", "null"] },
        "tenant": { "type": ["string", "null"] },
        "headers": { "type": "array", "items": { "type": "string" }, "description": "Their names" },
        "has_ca": { "type": "boolean" },
        "timeout_s": { "type": "integer" },
        "created_at": { "type": "string", "format": "date-time" },
        "updated_at": { "type": "string", "format": "date-time" }
    }
});

shape!(DataSources, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/DataSource" } }, "next_cursor": { "type": ["string", "null"] } }
});

shape!(SourceTried, {
    "type": "object",
    "required": ["answers", "words"],
    "properties": { "answers": { "type": "boolean" }, "words": { "type": "string" } }
});

shape!(TryDraft, {
    "type": "object",
    "required": ["indicator", "source"],
    "properties": { "indicator": { "type": "object" }, "source": { "type": "string", "description": "The name of the data source" } }
});

shape!(TriedIndicator, {
    "type": "object",
    "required": ["sides", "last_hour", "edges", "queries", "doubts"],
    "properties": {
        "sides": { "type": "array", "items": { "type": "object", "properties": {
            "field": { "type": "string" },
            "selector": { "type": "string" },
            "count": { "type": "integer" },
            "series": { "type": "array", "items": { "type": "object", "properties": { "labels": { "type": "string" }, "value": { "type": "number" } } } }
        } } },
        "last_hour": { "type": ["object", "null"], "properties": {
            "good": { "type": "number" },
            "total": { "type": "number" },
            "measured": { "type": "integer" },
            "expected": { "type": "integer" }
        } },
        "edges": { "type": "array", "items": { "type": "number" } },
        "queries": { "type": "array", "items": { "type": "string" } },
        "doubts": { "type": "array", "items": { "type": "string" } }
    }
});

shape!(Gate, {
    "type": "object",
    "required": ["service", "level", "may_release", "exit_code", "words", "reasons", "override"],
    "properties": {
        "service": { "type": ["string", "null"] },
        "level": { "type": "string", "enum": ["OK", "WATCH", "UNKNOWN", "CAUTION", "FROZEN"] },
        "may_release": { "type": "boolean" },
        "exit_code": { "type": "integer", "description": "0 release, 1 frozen, 2 not known and closed" },
        "words": { "type": "string" },
        "reasons": { "type": "array", "items": { "type": "object", "properties": { "objective": { "type": "string" }, "level": { "type": "string" }, "words": { "type": "string" } } } },
        "override": { "type": ["object", "null"], "properties": {
            "by": { "type": "string" },
            "reason": { "type": "string" },
            "until": { "type": "string", "format": "date-time" },
            "at": { "type": "string", "format": "date-time" }
        } }
    }
});

shape!(SentOverride, {
    "type": "object",
    "required": ["service", "reason", "until"],
    "properties": { "service": { "type": "string" }, "reason": { "type": "string" }, "until": { "type": "string", "format": "date-time", "description": "At most seven days ahead" } }
});

shape!(GateOverride, {
    "type": "object",
    "required": ["id", "service", "by", "reason", "until", "at"],
    "properties": {
        "id": { "type": "string", "format": "uuid" },
        "service": { "type": "string" },
        "by": { "type": "string" },
        "reason": { "type": "string" },
        "until": { "type": "string", "format": "date-time" },
        "at": { "type": "string", "format": "date-time" }
    }
});

shape!(GateOverrides, {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": { "items": { "type": "array", "items": { "$ref": "#/components/schemas/GateOverride" } }, "next_cursor": { "type": ["string", "null"] } }
});
