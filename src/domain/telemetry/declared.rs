//! What somebody said of who needs whom, put beside what calls show. Neither corrects the other:
//! an edge that was declared and not seen stands there as such, and so does the other way round.

use super::panels::{Edge, Figures, Graph, Node};
use std::collections::BTreeMap;

impl Graph {
    /// Adds what was said: the services that are described, each with those it needs. With a
    /// service, only what touches it. `compared` is whether the edges have a baseline.
    pub fn declare(&mut self, described: &BTreeMap<String, Vec<String>>, only: Option<&str>, compared: bool) {
        for (from, needs) in described {
            for to in needs.iter().filter(|to| only.is_none_or(|only| only == from || only == to.as_str())) {
                match self.edges.iter_mut().find(|edge| edge.from == *from && edge.to == *to) {
                    Some(edge) => edge.declared = true,
                    None => {
                        let before = compared.then(Figures::default);
                        self.edges.push(Edge { from: from.clone(), to: to.clone(), now: Figures::default(), seen: false, declared: true, before });
                    }
                }
                for end in [from, to] {
                    self.know(end);
                }
            }
        }
        for node in &mut self.nodes {
            node.declared = described.contains_key(&node.service);
        }
        self.nodes.sort_by(|a, b| a.service.cmp(&b.service));
        self.edges.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    }

    fn know(&mut self, service: &str) {
        if !self.nodes.iter().any(|node| node.service == service) {
            self.nodes.push(Node { service: service.to_owned(), now: Figures::default(), seen: false, declared: false, last_seen: None });
        }
    }

    /// Whether anything is said of what this service needs. Where nothing is, that an edge is not
    /// declared says nothing.
    pub fn declares(&self, service: &str) -> bool {
        self.edges.iter().any(|edge| edge.from == service && edge.declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(from: &str, to: &str) -> Edge {
        Edge { from: from.to_owned(), to: to.to_owned(), now: Figures { requests: 9, ..Figures::default() }, seen: true, declared: false, before: None }
    }

    fn described(services: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        services.iter().map(|(name, needs)| ((*name).to_owned(), needs.iter().map(|need| (*need).to_owned()).collect())).collect()
    }

    fn edges(graph: &Graph) -> Vec<(&str, &str, bool, bool)> {
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.seen, edge.declared)).collect()
    }

    #[test]
    fn what_was_said_and_what_was_seen_both_stand() {
        let mut graph = Graph { nodes: vec![], edges: vec![seen("pay", "ledger"), seen("pay", "mail")] };
        graph.declare(&described(&[("pay", &["ledger", "fx"]), ("shop", &[])]), None, false);
        assert_eq!(edges(&graph), [("pay", "fx", false, true), ("pay", "ledger", true, true), ("pay", "mail", true, false)]);
        let nodes: Vec<(&str, bool, bool)> = graph.nodes.iter().map(|node| (node.service.as_str(), node.seen, node.declared)).collect();
        assert_eq!(nodes, [("fx", false, false), ("ledger", false, false), ("pay", false, true)], "a service without edges is not made one of the picture");
        assert!(graph.declares("pay") && !graph.declares("mail"));
    }

    #[test]
    fn of_one_service_only_what_touches_it_is_added() {
        let all = described(&[("edge", &["shop"]), ("pay", &["ledger"]), ("shop", &["pay", "search"])]);
        let mut graph = Graph::default();
        graph.declare(&all, Some("pay"), true);
        assert_eq!(edges(&graph), [("pay", "ledger", false, true), ("shop", "pay", false, true)]);
        assert!(graph.edges.iter().all(|edge| edge.before == Some(Figures::default())));
    }
}
