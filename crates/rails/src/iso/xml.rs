//! XML as a small tree to read from, and as text to write to. No entities, no document types: nothing outside of the message is read.

use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{IsoError, MESSAGE_BYTES_MAX};

/// How deep elements may stand in each other.
const DEPTH_MAX: usize = 32;
/// What the namespaces of ISO 20022 begin with.
const SCHEMAS: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// Characters of a found text that an error shows.
const SHOWN_CHARS: usize = 40;

/// An element with what it holds.
#[derive(Debug, Default)]
pub struct Node {
    /// Its name without prefix.
    pub name: String,
    /// Its own text.
    pub text: String,
    /// The attribute that amounts have: `Ccy`.
    pub currency: Option<String>,
    /// The schema of ISO 20022 whose namespace it declares, such as `pain.001.001.09`.
    pub schema: Option<String>,
    /// Elements inside of it.
    pub children: Vec<Node>,
}

impl Node {
    /// Reads a message. Errors with where it ends if it ends early.
    pub fn parse(text: &str) -> Result<Node, IsoError> {
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(IsoError::NotXml(format!("it has more than {MESSAGE_BYTES_MAX} bytes")));
        }
        let not_xml = |error: &dyn std::fmt::Display| IsoError::NotXml(error.to_string());
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut open: Vec<Node> = Vec::new();
        let mut root = None;
        loop {
            // A tag that is cut through is an end that is missing, whatever the reader calls it.
            let event = reader.read_event().map_err(|error| match open.last() {
                Some(node) if reader.buffer_position() as usize >= text.trim_end().len() => {
                    IsoError::CutShort(node.name.clone())
                }
                _ => not_xml(&error),
            })?;
            let closed = match event {
                Event::Start(start) => {
                    if open.len() >= DEPTH_MAX {
                        return Err(IsoError::NotXml(format!(
                            "elements stand in each other more than {DEPTH_MAX} deep"
                        )));
                    }
                    if root.is_some() {
                        return Err(IsoError::NotXml("it has more than one document".to_owned()));
                    }
                    open.push(of_start(&start)?);
                    None
                }
                Event::Empty(start) => Some(of_start(&start)?),
                Event::End(_) => open.pop(),
                Event::Text(held) => {
                    add(&mut open, &held.xml10_content())?;
                    None
                }
                Event::CData(held) => {
                    add(&mut open, &held)?;
                    None
                }
                Event::GeneralRef(name) => {
                    let character = name.resolve_char_ref().map_err(|error| not_xml(&error))?;
                    let named = match &*name {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => None,
                    };
                    let found = character.or(named);
                    let found = found.ok_or_else(|| IsoError::NotXml(format!("&{}; is nothing here", &*name)))?;
                    add(&mut open, found.encode_utf8(&mut [0; 4]))?;
                    None
                }
                Event::Decl(_) | Event::Comment(_) => None,
                Event::PI(_) | Event::DocType(_) => {
                    return Err(IsoError::NotXml("it has instructions or a document type".to_owned()));
                }
                Event::Eof => break,
            };
            if let Some(node) = closed {
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => root = Some(node),
                }
            }
        }
        match (open.pop(), root) {
            (Some(node), _) => Err(IsoError::CutShort(node.name)),
            (None, Some(root)) => Ok(root),
            (None, None) => Err(IsoError::NotXml("it is empty".to_owned())),
        }
    }

    /// The one element of this name. Errors if there is none, or more.
    pub fn one(&self, name: &str) -> Result<&Node, IsoError> {
        let missing = || IsoError::Missing { within: self.name.clone(), element: name.to_owned() };
        self.maybe(name)?.ok_or_else(missing)
    }

    /// The element of this name, if there is one. Errors if there are more.
    pub fn maybe(&self, name: &str) -> Result<Option<&Node>, IsoError> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(IsoError::Twice { within: self.name.clone(), element: name.to_owned() });
        }
        Ok(first)
    }

    /// The elements of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path of elements that must all be there.
    pub fn path(&self, names: &[&str]) -> Result<&Node, IsoError> {
        names.iter().try_fold(self, |node, name| node.one(name))
    }

    /// The element at the end of a path, if it is there.
    pub fn maybe_path(&self, names: &[&str]) -> Result<Option<&Node>, IsoError> {
        let mut node = self;
        for name in names {
            match node.maybe(name)? {
                Some(child) => node = child,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// An error about the text of this element.
    pub fn bad(&self, must: &'static str) -> IsoError {
        let found = self.text.chars().take(SHOWN_CHARS).collect();
        IsoError::Bad { element: self.name.clone(), found, must }
    }
}

fn of_start(start: &BytesStart<'_>) -> Result<Node, IsoError> {
    let mut node = Node { name: local(start.name().as_ref()), ..Node::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| IsoError::NotXml(error.to_string()))?;
        let key = attribute.key.as_ref();
        let is_namespace = key == "xmlns" || key.starts_with("xmlns:");
        if key != "Ccy" && !is_namespace {
            continue;
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| IsoError::NotXml(error.to_string()))?
            .into_owned();
        if key == "Ccy" {
            node.currency = Some(value);
        } else if let Some(schema) = value.strip_prefix(SCHEMAS) {
            node.schema = Some(schema.to_owned());
        }
    }
    Ok(node)
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

fn add(open: &mut [Node], text: &str) -> Result<(), IsoError> {
    match open.last_mut() {
        Some(node) => node.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(IsoError::NotXml("it has text outside of its document".to_owned())),
    }
    Ok(())
}

/// XML being written, indented as people read it.
#[derive(Debug, Default)]
pub struct Written {
    text: String,
    open: Vec<&'static str>,
}

impl Written {
    /// The beginning of a message of this schema.
    pub fn document(schema: &str) -> Written {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"{SCHEMAS}{schema}\">\n");
        Written { text, open: vec!["Document"] }
    }

    /// Begins elements, one inside the other.
    pub fn begin(&mut self, names: &[&'static str]) {
        for name in names {
            self.indent();
            self.text.push_str(&format!("<{name}>\n"));
            self.open.push(name);
        }
    }

    /// Ends as many elements.
    pub fn end(&mut self, count: usize) {
        for _ in 0..count {
            let Some(name) = self.open.pop() else { return };
            self.indent();
            self.text.push_str(&format!("</{name}>\n"));
        }
    }

    /// An element with a text.
    pub fn leaf(&mut self, name: &str, text: impl AsRef<str>) {
        self.indent();
        self.text.push_str(&format!("<{name}>{}</{name}>\n", escape(text.as_ref())));
    }

    /// An element with a text at the end of a path of elements.
    pub fn leaf_in(&mut self, path: &[&'static str], name: &str, text: impl AsRef<str>) {
        self.begin(path);
        self.leaf(name, text);
        self.end(path.len());
    }

    /// An amount with its currency.
    pub fn amount(&mut self, name: &str, amount: basics::Money) {
        self.indent();
        let (currency, text) = (amount.currency(), basics::money::format_minor(amount.minor()));
        self.text.push_str(&format!("<{name} Ccy=\"{currency}\">{text}</{name}>\n"));
    }

    /// The message, ended.
    pub fn finish(mut self) -> String {
        self.end(self.open.len());
        self.text
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.open.len()));
    }
}
