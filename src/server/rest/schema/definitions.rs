//! Shapes of definitions as code.

use super::*;

shape!(Definition, {
    "type": "object",
    "description": "One definition, or a list of them; in YAML several documents",
    "required": ["apiVersion", "kind", "spec"],
    "properties": {
        "apiVersion": { "type": "string", "examples": ["tocsin/v1", "openslo/v1", "sloth.slok.dev/v1", "pyrra.dev/v1alpha1"] },
        "kind": { "type": "string", "examples": ["Service", "Objective", "DataSource", "Exclusion"] },
        "metadata": { "type": "object", "properties": { "name": { "type": "string" } } },
        "spec": { "type": "object" }
    }
});

shape!(DefinitionNote, {
    "type": "object",
    "required": ["file", "document", "line", "kind", "name", "field", "words"],
    "properties": {
        "file": { "type": "string" },
        "document": { "type": "integer", "description": "Counted from 1" },
        "line": { "type": "integer" },
        "kind": { "type": ["string", "null"] },
        "name": { "type": ["string", "null"] },
        "field": { "type": "string", "description": "Its path; empty: the whole document" },
        "words": { "type": "string" }
    }
});

shape!(DefinitionsReport, {
    "type": "object",
    "required": ["dry_run", "created", "changed", "unchanged", "objects", "warnings"],
    "properties": {
        "dry_run": { "type": "boolean" },
        "created": { "type": "integer" },
        "changed": { "type": "integer" },
        "unchanged": { "type": "integer" },
        "objects": { "type": "array", "items": {
            "type": "object",
            "required": ["kind", "name", "outcome", "fields", "file", "document", "line"],
            "properties": {
                "kind": { "type": "string", "enum": ["Service", "DataSource", "Objective", "Exclusion"] },
                "name": { "type": ["string", "null"], "description": "null: an exclusion" },
                "outcome": { "type": "string", "enum": ["created", "changed", "unchanged"] },
                "fields": { "type": "array", "items": { "type": "string" }, "description": "Those that differ" },
                "file": { "type": "string" },
                "document": { "type": "integer" },
                "line": { "type": "integer" }
            }
        } },
        "warnings": { "type": "array", "description": "What was not taken over, and what is missing", "items": { "$ref": "#/components/schemas/DefinitionNote" } }
    }
});
