//! Reading what other programs read: every problem with its place, every field with its name.
//!
//! In reading order: [`scalar`] (what `yes` or `0777` is), [`field`] (the fields of a message).
//!
//! Holds no knowledge of any resource. Istio's resources are read as the API server reads them; Envoy's configuration,
//! as protobuf's JSON form.

pub(crate) mod field;
pub(crate) mod scalar;

use crate::document::error::ScenarioError;
use crate::document::source::Span;

use scalar::Yaml;

/// How the names of fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// `imagePullPolicy`, and nothing else: Kubernetes resources.
    Camel,
    /// `http_filters` or `httpFilters`: protobuf messages.
    SnakeOrCamel,
}

/// What is found wrong while files are read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) yaml: Yaml,
    pub(crate) names: Names,
    /// Unknown fields are let pass with a warning.
    pub(crate) lenient: bool,
    pub(crate) errors: Vec<ScenarioError>,
    pub(crate) warnings: Vec<ScenarioError>,
}

impl Reading {
    /// For Kubernetes resources.
    pub(crate) fn kubernetes() -> Self {
        Self {
            yaml: Yaml::Kubectl,
            names: Names::Camel,
            lenient: false,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Reads a part that is written in another way.
    pub(crate) fn within<T>(
        &mut self,
        yaml: Yaml,
        names: Names,
        lenient: bool,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = (self.yaml, self.names, self.lenient);
        (self.yaml, self.names, self.lenient) = (yaml, names, lenient);
        let done = read(self);
        (self.yaml, self.names, self.lenient) = before;
        done
    }

    pub(crate) fn error(&mut self, span: &Span, message: impl Into<String>) {
        self.errors.push(ScenarioError::at(span, message));
    }

    pub(crate) fn error_with(&mut self, span: &Span, message: impl Into<String>, hint: Option<String>) {
        self.errors.push(ScenarioError::at(span, message).hint(hint));
    }

    pub(crate) fn warn(&mut self, span: &Span, message: impl Into<String>) {
        self.warnings.push(ScenarioError::at(span, message));
    }
}
