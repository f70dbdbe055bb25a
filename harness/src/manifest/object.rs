//! What every Kubernetes object has: `apiVersion`, `kind`, `metadata`, `spec`.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::read::Reading;
use super::read::field::{Field, Message};
use crate::document::source::{Node, Span};

/// An object, its spec not looked at yet.
#[derive(Clone, Debug)]
pub(crate) struct Object<'n> {
    /// The document.
    pub(crate) root: &'n Node,
    pub(crate) api_version: String,
    pub(crate) kind: String,
    /// Where the kind stands.
    pub(crate) kind_span: Span,
}

/// What identifies an object, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Where the object begins.
    pub(crate) span: Span,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Nothing: it is applied with the workload's namespace as the current one.
    pub(crate) namespace: Option<String>,
    /// Seconds since the epoch; 0 when the file does not say.
    pub(crate) created: i64,
    /// Empty when the file does not say.
    pub(crate) resource_version: String,
}

impl Metadata {
    /// The namespace, for a workload in this one.
    pub(crate) fn namespace<'m>(&'m self, current: &'m str) -> &'m str {
        self.namespace.as_deref().unwrap_or(current)
    }

    /// `NAMESPACE/NAME`.
    pub(crate) fn label(&self, current: &str) -> String {
        format!("{}/{}", self.namespace(current), self.name)
    }
}

impl<'n> Object<'n> {
    /// The object in a document that has `apiVersion` and `kind`.
    pub(crate) fn open(root: &'n Node, reading: &mut Reading) -> Option<Self> {
        let mut message = Message::open(root, "", reading)?;
        let mut word = |name: &'static str, reading: &mut Reading| match message.field(name) {
            Some(field) => field.filled(reading).map(|text| (text, field.span().clone())),
            None => {
                reading.error(&root.span, format!("a Kubernetes object has `{name}`, and this has none"));
                None
            }
        };
        let api_version = word("apiVersion", reading);
        let kind = word("kind", reading);
        let ((api_version, _), (kind, kind_span)) = (api_version?, kind?);
        Some(Self { root, api_version, kind, kind_span })
    }

    /// The group of the API, empty for the core one.
    pub(crate) fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// The items of a list object.
    pub(crate) fn items(&self, reading: &mut Reading) -> Option<Vec<&'n Node>> {
        if !self.kind.ends_with("List") {
            return None;
        }
        let mut message = Message::open(self.root, "", reading)?;
        let items = message.field("items")?.items(reading)?;
        Some(items.into_iter().map(|item| item.node).collect())
    }

    /// Its metadata and its spec, with complaints about every other field.
    pub(crate) fn parts(&self, kind: &'static str, reading: &mut Reading) -> Option<(Metadata, Field<'n>)> {
        let mut message = Message::open(self.root, "", reading)?;
        message.ignore(&["apiVersion", "kind", "status"]);
        let metadata = match message.field("metadata") {
            Some(field) => self.metadata(kind, &field, reading),
            None => {
                reading.error(&self.root.span, format!("a {kind} has `metadata` with a name"));
                None
            }
        };
        let spec = message.field("spec");
        if spec.is_none() {
            reading.error(&self.root.span, format!("the `spec` of this {kind} is missing"));
        }
        message.close(reading);
        Some((metadata?, spec?))
    }

    pub(crate) fn metadata(
        &self,
        kind: &'static str,
        field: &Field<'n>,
        reading: &mut Reading,
    ) -> Option<Metadata> {
        let mut message = field.message(reading)?;
        let name = match message.field("name") {
            Some(name) => name.filled(reading).filter(|text| dns_name(text, &name, reading)),
            None => {
                let message = "metadata.name: is missing: an order and a filter's name depend on it";
                reading.error(field.span(), message);
                None
            }
        };
        let namespace = match message.field("namespace") {
            Some(field) => Some(field.filled(reading).filter(|text| dns_name(text, &field, reading))?),
            None => None,
        };
        let created = message.field("creationTimestamp").map(|field| created(&field, reading));
        let resource_version = message.field("resourceVersion").and_then(|field| field.text(reading));
        for name in ["labels", "annotations"] {
            if let Some(field) = message.field(name) {
                field.texts(reading);
            }
        }
        message.ignore(&[
            "generateName",
            "generation",
            "uid",
            "selfLink",
            "managedFields",
            "ownerReferences",
            "finalizers",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ]);
        message.close(reading);
        Some(Metadata {
            span: self.root.span.clone(),
            kind,
            name: name?,
            namespace,
            created: created.unwrap_or(Some(0))?,
            resource_version: resource_version.unwrap_or_default(),
        })
    }
}

/// The second that an object was made in: the API server has no finer ones.
fn created(field: &Field<'_>, reading: &mut Reading) -> Option<i64> {
    // A date is no boolean or number, but quotes make no difference.
    match field.node.scalar().map(|text| OffsetDateTime::parse(text, &Rfc3339)) {
        Some(Ok(time)) => Some(time.unix_timestamp()),
        _ => {
            field.wrong("is no time like 2024-05-01T12:00:00Z", reading);
            None
        }
    }
}

/// Whether the API server takes a name (RFC 1123 subdomain).
fn dns_name(text: &str, field: &Field<'_>, reading: &mut Reading) -> bool {
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let part = |part: &str| {
        part.bytes().all(|b| alphanumeric(&b) || b == b'-')
            && part.as_bytes().first().is_some_and(alphanumeric)
            && part.as_bytes().last().is_some_and(alphanumeric)
    };
    let fine = text.len() <= 253 && text.split('.').all(part);
    if !fine {
        field.wrong(
            "a name has small letters, digits, `-` and `.`, at most 253, and begins and ends with a letter or digit",
            reading,
        );
    }
    fine
}
