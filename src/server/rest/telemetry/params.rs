//! What the routes of telemetry are asked with, for the document that describes them: each group of
//! parameters once. Reading them is the routes' own.

use utoipa::{
    IntoParams, PartialSchema,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

/// A range.
pub struct Ranged;
/// What a range is compared with.
pub struct Baseline;
/// Of what the answer is.
pub struct Of;
/// How wide the columns of a picture are.
pub struct Stepped;
/// Who is asked.
pub struct Sourced;
/// A page of a list.
pub struct Paged;

/// A parameter that may be left out.
fn optional<T: PartialSchema>(name: &str, words: Option<&str>) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    parameter.schema(Some(T::schema())).description(words).build()
}

impl IntoParams for Ranged {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            optional::<String>("from", Some("Start of the range; absent: an hour before its end")),
            optional::<String>("to", Some("End of the range, not part of it; absent: now")),
        ]
    }
}

impl IntoParams for Baseline {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            optional::<String>("baseline_from", Some("Start of what it is compared with")),
            optional::<String>("baseline_to", Some("End of what it is compared with")),
        ]
    }
}

impl IntoParams for Of {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![optional::<String>("service", None), optional::<String>("operation", None)]
    }
}

impl IntoParams for Stepped {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![optional::<i64>("step_s", Some("Width of a column, in whole minutes; wider where there would be more than 240"))]
    }
}

impl IntoParams for Sourced {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "The name or id of a data source that is asked instead of what was sent here; where it answers with traces they are a sample, and `read_from` says of what";
        vec![optional::<String>("source", Some(words))]
    }
}

impl IntoParams for Paged {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![optional::<String>("cursor", Some("`next_cursor` of the page before")), optional::<i64>("limit", Some("1 to 500, default 100"))]
    }
}
