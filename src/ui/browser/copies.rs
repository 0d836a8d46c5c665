//! Pieces of a page of which there are many: drawn once, copied by the browser, and written again
//! when they come to show something else. That is several times quicker than drawing each of them
//! from its view, which matters where a whole screen of them changes at once.

use super::{Element, HtmlElement, HtmlInputElement, Node, document};
use leptos::{mount::mount_to, prelude::AnyView};
use std::any::Any;
use wasm_bindgen::JsCast;

/// Marks the elements of a piece that are written.
const WRITTEN: &str = "[data-written]";

/// What stands in one element of a piece. What is `None` is left as it was drawn, or is not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    pub text: Option<String>,
    /// Always the same ones for the same element.
    pub attributes: Vec<(&'static str, Option<String>)>,
    pub is_checked: Option<bool>,
}

impl Words {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, Some(value.into())));
        self
    }

    /// An attribute that stands there or not.
    pub fn with_flag(mut self, name: &'static str, is_on: bool) -> Self {
        self.attributes.push((name, is_on.then(|| "true".to_owned())));
        self
    }

    pub fn checked(mut self, is_checked: bool) -> Self {
        self.is_checked = Some(is_checked);
        self
    }
}

/// An element, and what is written in it.
pub struct Piece {
    element: Element,
    spots: Vec<Spot>,
}

struct Spot {
    element: Element,
    text: Option<Node>,
    said: Words,
}

impl Piece {
    /// Draws a piece off the page. Its first element is what is copied, those in it that are marked
    /// with `data-written` are what is written.
    pub fn draw(view: impl FnOnce() -> AnyView + 'static) -> Option<Self> {
        let (element, _drawn) = drawn(Box::new(view))?;
        let element = clone(&element)?;
        let spots = spots_in(&element).into_iter().map(|element| Spot { element, text: None, said: Words::default() }).collect();
        Some(Self { element, spots })
    }

    /// One more of it, which says the same.
    pub fn copied(&self) -> Option<Self> {
        self.again(clone(&self.element)?)
    }

    /// What a copy of whatever holds this piece has in its place.
    pub fn again(&self, element: Element) -> Option<Self> {
        let found = if self.spots.is_empty() { vec![] } else { spots_in(&element) };
        let spots = found.into_iter().zip(&self.spots).map(|(element, known)| Spot { element, text: None, said: known.said.clone() }).collect();
        Some(Self { element, spots })
    }

    pub fn write(&mut self, words: Vec<Words>) {
        for (spot, words) in self.spots.iter_mut().zip(words) {
            spot.write(words);
        }
    }

    pub fn element(&self) -> &Element {
        &self.element
    }

    pub fn take_place_of(&self, other: &Piece) {
        let _ = other.element.replace_with_with_node_1(&self.element);
    }
}

impl Spot {
    fn write(&mut self, words: Words) {
        // What somebody ticks is ticked before anybody is asked.
        if let Some(is_checked) = words.is_checked {
            self.element.unchecked_ref::<HtmlInputElement>().set_checked(is_checked);
        }
        if words == self.said {
            return;
        }
        if let Some(text) = words.text.as_deref().filter(|_| words.text != self.said.text) {
            let node = self.text.take().or_else(|| self.element.first_child());
            match &node {
                Some(node) => node.set_node_value(Some(text)),
                None => self.element.set_text_content(Some(text)),
            }
            self.text = node;
        }
        for (at, (name, value)) in words.attributes.iter().enumerate() {
            if self.said.attributes.get(at).is_none_or(|(_, said)| said != value) {
                // It can only fail for a name that is none.
                let _ = match value {
                    Some(value) => self.element.set_attribute(name, value),
                    None => self.element.remove_attribute(name),
                };
            }
        }
        self.said = words;
    }
}

/// Draws something off the page, for as long as what comes with it is kept.
pub fn drawn(view: Box<dyn FnOnce() -> AnyView>) -> Option<(Element, Box<dyn Any>)> {
    let place: HtmlElement = document().create_element("div").ok()?.unchecked_into();
    let mounted = mount_to(place.clone(), view);
    Some((place.first_element_child()?, Box::new(mounted)))
}

fn clone(element: &Element) -> Option<Element> {
    element.clone_node_with_deep(true).ok().map(JsCast::unchecked_into)
}

fn spots_in(element: &Element) -> Vec<Element> {
    let own = element.matches(WRITTEN).unwrap_or(false).then(|| element.clone());
    let found = element.query_selector_all(WRITTEN).ok();
    let within = found.iter().flat_map(|found| (0..found.length()).filter_map(|at| found.item(at))).map(JsCast::unchecked_into);
    own.into_iter().chain(within).collect()
}

/// The elements right in another.
pub fn children(element: &Element) -> Vec<Element> {
    std::iter::successors(element.first_element_child(), Element::next_element_sibling).collect()
}

/// Makes these the elements that stand in a place, in their order; those that stand right are not
/// touched.
pub fn put_in_order(place: &Element, elements: &[&Element]) {
    let mut next = place.first_element_child();
    for element in elements {
        match &next {
            Some(there) if there == *element => next = there.next_element_sibling(),
            _ => drop(place.insert_before(element, next.as_deref())),
        }
    }
    while let Some(rest) = next {
        next = rest.next_element_sibling();
        rest.remove();
    }
}

/// What has the focus in a place.
pub fn focus_within(place: &Element) -> Option<HtmlElement> {
    document().active_element().filter(|focused| place.contains(Some(focused))).map(JsCast::unchecked_into)
}
