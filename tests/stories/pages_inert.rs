//! What strangers write is text on every page, wherever it stands: nothing of it becomes an
//! element, an attribute, an address to be followed, or a part of the page's own data.

use crate::{
    callers::{House, text},
    story,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tocsin::domain::people::Role;

fn corpus() -> Vec<String> {
    let corpus: Vec<String> = serde_json::from_str(include_str!("../fixtures/xss.json")).expect("the corpus is JSON");
    assert!(corpus.len() >= 40);
    corpus
}

/// The names of all elements and attributes of a page, and what its links and forms lead to.
#[derive(Debug, Default, PartialEq)]
struct Markup {
    names: BTreeSet<String>,
    addresses: Vec<String>,
}

/// Reads markup as a browser does, as far as our own pages need it.
fn markup(page: &str) -> Markup {
    let mut found = Markup::default();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(after) = after.strip_prefix("!--") {
            rest = after.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = after.find(|c: char| c.is_whitespace() || c == '>' || c == '/' && !after.starts_with('/')).unwrap_or(after.len());
        let (name, mut inside) = after.split_at(end);
        found.names.insert(name.trim_start_matches('/').to_owned());
        loop {
            inside = inside.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if let Some(after) = inside.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = inside.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap_or(inside.len());
            if end == 0 {
                rest = inside;
                break;
            }
            let attribute = inside[..end].to_owned();
            inside = &inside[end..];
            if let Some(value) = inside.strip_prefix('=') {
                let value = value.strip_prefix('"').unwrap_or_else(|| panic!("{attribute} is not quoted: {value:.100}"));
                let (value, after) = value.split_once('"').expect("a quote is closed");
                if ["href", "src", "action", "formaction"].contains(&attribute.as_str()) {
                    found.addresses.push(value.to_owned());
                }
                inside = after;
            }
            found.names.insert(format!("@{attribute}"));
        }
        // What stands in these is not markup.
        for raw in ["script", "style"] {
            if name == raw {
                rest = rest.split_once(&format!("</{raw}>")).map_or("", |(_, after)| after);
            }
        }
    }
    found
}

/// Everything a page can show of an incident, filled in with `words`.
async fn an_incident(house: &House, words: &[String]) -> String {
    let maker = house.program(Role::Admin).await;
    let all = words.join(" ");
    let short = |text: &str| text.chars().take(60).collect::<String>();
    let (_, token) = house.integration(json!({"source": "generic", "name": short(&all)})).await;
    for (at, word) in words.iter().enumerate() {
        let labels: Value = json!({"service": short(word), format!("label{at}"): word});
        let alert = json!({"title": word, "dedup_key": format!("k{at}"), "severity": "critical", "labels": labels, "annotations": {"description": word},
            "links": [{"href": word, "text": word}], "url": "javascript:window.hurt=1"});
        house.nobody().post(&format!("/hooks/generic/{token}"), &alert).await.is(200);
    }
    let declared =
        maker.declared(json!({"title": short(&all), "severity": "SEV1", "services": words.iter().take(20).map(|word| short(word)).collect::<Vec<_>>()})).await;
    let reference = text(&declared["ref"]);
    for word in words {
        maker.command(&reference, json!({"command": "note", "text": word})).await;
        maker.command(&reference, json!({"command": "decision", "text": word})).await;
        maker.command(&reference, json!({"command": "link", "url": format!("https://a.example/{}", "x"), "text": word})).await;
        maker.command(&reference, json!({"command": "tag", "labels": {"note": word}})).await;
        maker.command(&reference, json!({"command": "assign_role", "role": "scribe", "person": {"name": short(word)}})).await;
    }
    maker.command(&reference, json!({"command": "set_severity", "severity": "SEV2", "reason": words[0]})).await;
    maker.command(&reference, json!({"command": "set_title", "title": words[1]})).await;
    reference
}

story! {
    async fn nothing_that_strangers_write_becomes_markup(fresh) {
        let corpus = corpus();
        let plain: Vec<String> = (0..corpus.len()).map(|at| format!("plain words {at}")).collect();
        let house = House::of(&fresh);
        let mara = house.browser("mara", Role::Responder).await;
        let harmless = an_incident(&house, &plain).await;
        let mut known = markup(&mara.get("/").await.text()).names;
        for incident in [harmless.as_str(), "INC-1", "INC-2"] {
            known.extend(markup(&mara.get(&format!("/incidents/{incident}")).await.text()).names);
        }
        known.extend(markup(&house.nobody().get("/").await.text()).names);
        let hostile = an_incident(&house, &corpus).await;
        let mut paths: Vec<String> = vec!["/".to_owned(), "/?show=nobody".to_owned(), "/declare".to_owned(), format!("/incidents/{hostile}")];
        let last: u32 = hostile.trim_start_matches("INC-").parse().expect("a reference ends with a number");
        paths.extend((1..last).map(|number| format!("/incidents/INC-{number}")));
        for path in &paths {
            let page = mara.get(path).await.text();
            let Markup { names, addresses } = markup(&page);
            let strange: Vec<&String> = names.iter().filter(|name| !known.contains(*name)).collect();
            assert!(strange.is_empty(), "{path}: {strange:?}");
            assert!(names.iter().all(|name| !name.starts_with("@on")), "{path}: {names:?}");
            for address in addresses {
                let fine = address.starts_with('/') && !address.starts_with("//") || address.starts_with('#') || address.starts_with("?entries=all") || address.starts_with("https://") || address.starts_with("http://");
                assert!(fine, "{path}: {address}");
            }
            // The data reads as what it was made from, and cannot end its own element.
            let data = |id: &str| -> Option<Value> {
                let data = page.split_once(&format!("id=\"{id}\">"))?.1.split_once("</script>").expect("it ends").0;
                assert!(!data.contains('<') && !data.contains('\u{2028}') && !data.contains('\u{2029}'), "{path}");
                Some(serde_json::from_str(data).expect("it is JSON"))
            };
            assert!(data("first-screen").is_some_and(|screen| screen["snapshot"]["incidents"].is_array()), "{path}");
            // An incident stands apart from what every screen needs.
            assert_eq!(data("incident-page").is_some_and(|page| page["events"].is_array()), path.starts_with("/incidents/"), "{path}");
        }
        // It is all there, as text.
        let page = mara.get(&format!("/incidents/{hostile}")).await.text();
        assert!(page.contains("&lt;script&gt;window.hurt = 1&lt;/script&gt;"));
    }
}

story! {
    /// Addresses, cookies and forms are strangers' words, too.
    async fn what_is_asked_for_is_text_as_well(fresh) {
        let house = House::of(&fresh);
        let mara = house.browser("mara", Role::Responder).await;
        let known = markup(&mara.get("/incidents/INC-9").await.text()).names;
        let nobodys = markup(&house.nobody().get("/").await.text()).names;
        for word in corpus() {
            let encoded: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
            for path in [format!("/incidents/{encoded}"), format!("/incidents/INC-9?show={encoded}&{encoded}=1")] {
                let page = mara.get(&path).await.text();
                assert!(markup(&page).names.is_subset(&known), "{path}");
            }
            let page = house.nobody().get(&format!("/sign-in?next={encoded}")).await.text();
            assert!(markup(&page).names.is_subset(&nobodys), "{word}");
        }
    }
}
