//! Whose telemetry is: the service and the instance that a resource names, by the names under which
//! different senders do so.

use crate::server::otlp::values;
use opentelemetry_proto::tonic::{common::v1::KeyValue, resource::v1::Resource};
use std::borrow::Cow;

/// What a service is called that nothing tells the name of.
const NAMELESS: &str = "unknown_service";
/// Where what was deployed is named, the best first.
const WORKLOADS: [&str; 3] = ["k8s.deployment.name", "k8s.statefulset.name", "k8s.daemonset.name"];
const CONTAINERS: [&str; 2] = ["k8s.container.name", "container.name"];
const POD: &str = "k8s.pod.name";
/// Where an instance's name stands, the best first.
const INSTANCES: [&str; 5] = [POD, "service.instance.id", "host.name", "container.name", "container.id"];
/// Where a reading says by itself of which instance it is, if its resource does not: whoever reads
/// many instances (a scraper, a bridge from another system) has one resource for all of them.
const INSTANCES_OF_POINTS: [&str; 6] = [POD, "service.instance.id", "host.name", "pod", "pod_name", "instance"];

fn first<'a>(attributes: &'a [KeyValue], names: &[&str]) -> Option<Cow<'a, str>> {
    names.iter().find_map(|name| values::find(attributes, name))
}

/// The service of a resource. What watches others from outside (a kubelet, a container's runtime)
/// names what was deployed, or only one pod of it, and not which service that is.
pub fn service_of(resource: Option<&Resource>) -> Cow<'_, str> {
    let attributes = resource.map_or(&[][..], |resource| resource.attributes.as_slice());
    let of_pod = || values::find(attributes, POD).and_then(|pod| Some(Cow::Owned(deployed_as(&pod)?.to_owned())));
    let said = values::find(attributes, "service.name").or_else(|| first(attributes, &WORKLOADS));
    said.or_else(of_pod).or_else(|| first(attributes, &CONTAINERS)).unwrap_or(Cow::Borrowed(NAMELESS))
}

/// The instance of a resource, where it says one.
pub fn instance_of(resource: Option<&Resource>) -> Option<Cow<'_, str>> {
    first(&resource?.attributes, &INSTANCES)
}

/// The instance that a reading itself is of.
pub fn instance_of_point(attributes: &[KeyValue]) -> Option<Cow<'_, str>> {
    first(attributes, &INSTANCES_OF_POINTS)
}

/// The name of what a pod was made of, by how Kubernetes makes pods' names: `cart-579f59597d-wc2lz`
/// of a deployment, `db-0` of a stateful set.
fn deployed_as(pod: &str) -> Option<&str> {
    let (rest, last) = pod.rsplit_once('-').filter(|(rest, last)| !rest.is_empty() && !last.is_empty())?;
    let is_made_up = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let of_deployment = || {
        let (name, hash) = rest.rsplit_once('-')?;
        let has_digit = || hash.bytes().any(|byte| byte.is_ascii_digit());
        (!name.is_empty() && is_made_up(last, 5..=5) && is_made_up(hash, 6..=10) && has_digit()).then_some(name)
    };
    // What is made up of a deployment's pod may happen to be digits alone.
    of_deployment().or_else(|| last.bytes().all(|byte| byte.is_ascii_digit()).then_some(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};

    fn resource(pairs: &[(&str, &str)]) -> Resource {
        let attribute = |(key, value): &(&str, &str)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue((*value).to_owned())) }),
            ..KeyValue::default()
        };
        Resource { attributes: pairs.iter().map(attribute).collect(), ..Resource::default() }
    }

    #[test]
    fn a_service_has_its_own_name_or_that_of_what_was_deployed() {
        for (pairs, expected) in [
            (&[("k8s.deployment.name", "cart"), ("service.name", "Cart")][..], "Cart"),
            (&[("service.name", ""), ("k8s.deployment.name", "cart"), ("k8s.pod.name", "x-0")], "cart"),
            (&[("k8s.container.name", "server"), ("k8s.pod.name", "cart-579f59597d-wc2lz")], "cart"),
            (&[("k8s.pod.name", "cart-579f59597d-24567")], "cart"),
            (&[("k8s.pod.name", "ts-order-db-0")], "ts-order-db"),
            (&[("k8s.pod.name", "lonely-pod"), ("k8s.container.name", "server")], "server"),
            (&[("container.name", "shop-cart-1")], "shop-cart-1"),
            (&[("host.name", "node-1")], NAMELESS),
        ] {
            assert_eq!(service_of(Some(&resource(pairs))), expected, "{pairs:?}");
        }
        assert_eq!(service_of(None), NAMELESS);
    }

    #[test]
    fn only_made_up_endings_are_taken_off_a_pods_name() {
        for (pod, expected) in [
            ("cart-7d4b9c8f6-x2x5b", Some("cart")),
            ("ts-order-service-6c7b8d9f45-abcde", Some("ts-order-service")),
            ("db-12", Some("db")),
            ("checkout-service-redis", None),
            ("frontend-external-canary", None),
            ("-0", None),
            ("cart", None),
            ("", None),
        ] {
            assert_eq!(deployed_as(pod), expected, "{pod}");
        }
    }

    #[test]
    fn an_instance_is_named_by_its_pod_before_anything_else() {
        let named = resource(&[("host.name", "node"), ("service.instance.id", "7"), ("k8s.pod.name", "cart-1")]);
        assert_eq!(instance_of(Some(&named)).as_deref(), Some("cart-1"));
        assert_eq!(instance_of(Some(&resource(&[("container.id", "ab"), ("host.name", "node")]))).as_deref(), Some("node"));
        assert_eq!((instance_of(Some(&resource(&[]))), instance_of(None)), (None, None));
    }
}
