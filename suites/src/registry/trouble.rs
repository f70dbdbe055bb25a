//! What clients say, in our words: which registry, what went wrong, what to do about it.

use std::error::Error;
use std::io;

use oci_client::errors::{OciDistributionError, OciErrorCode};
use proxy_wasm_harness::manifest::FetchError;

/// An error of a request, by its innermost cause: the outer ones say only that there was a request.
pub(super) fn of_request(what: &str, error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::unreachable(format!("{what} does not answer in time"));
    }
    let why = innermost(error);
    if error.is_redirect() {
        return FetchError::unreachable(format!("{what}: {why}"));
    }
    let error = FetchError::unreachable(format!("{what} cannot be reached: {why}"));
    if why.contains("certificate") || why.contains("Certificate") || why.contains("UnknownIssuer") {
        return error.hint("SSL_CERT_FILE names more authorities; --insecure-registry HOST does without");
    }
    error
}

/// An error of a registry's client. `credentials`: where those that were sent come from.
pub(super) fn of_registry(
    reference: &str,
    registry: &str,
    credentials: &str,
    error: &OciDistributionError,
) -> FetchError {
    let refused = || {
        FetchError::unreachable(format!("the registry {registry} refuses {reference} ({credentials})"))
            .hint("name an imagePullSecret that is among the manifests, or give --docker-config FILE")
    };
    match error {
        OciDistributionError::RequestError(error) => of_request(&format!("the registry {registry}"), error),
        OciDistributionError::UnauthorizedError { .. }
        | OciDistributionError::AuthenticationFailure(_)
        | OciDistributionError::ServerError { code: 401 | 403, .. } => refused(),
        OciDistributionError::RegistryError { envelope, .. } => {
            let has = |codes: &[OciErrorCode]| envelope.errors.iter().any(|one| codes.contains(&one.code));
            if has(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                return refused();
            }
            let none = [OciErrorCode::ManifestUnknown, OciErrorCode::NameUnknown, OciErrorCode::NotFound];
            if has(&none) {
                return FetchError::unreachable(format!("the registry {registry} has no image {reference}"));
            }
            let said: Vec<&str> = envelope.errors.iter().map(|one| one.message.as_str()).collect();
            FetchError::unreachable(format!(
                "the registry {registry} says of {reference}: {}",
                said.join("; ")
            ))
        }
        OciDistributionError::ImageManifestNotFoundError(_) => {
            FetchError::unreachable(format!("the registry {registry} has no image {reference}"))
        }
        OciDistributionError::ServerError { code: 404, .. } => {
            FetchError::unreachable(format!("the registry {registry} has no image {reference}"))
        }
        OciDistributionError::DigestError(error) => FetchError::new(format!(
            "what the registry {registry} gives for {reference} is not what it says: {error}"
        )),
        OciDistributionError::IoError(error) => {
            FetchError::new(format!("a layer of {reference} cannot be taken: {error}"))
        }
        other => FetchError::unreachable(format!("the registry {registry}, {reference}: {other}")),
    }
}

/// Whether a request over TLS was answered by somebody who does not speak it.
pub(super) fn is_clear(error: &OciDistributionError) -> bool {
    let OciDistributionError::RequestError(error) = error else { return false };
    causes(error)
        .into_iter()
        .any(|cause| matches!(cause.downcast_ref::<rustls::Error>(), Some(rustls::Error::InvalidMessage(_))))
}

/// Where nobody can listen: what an encrypted registry sends into the clear is directed there.
pub(super) const NOWHERE: &str = "127.0.0.1:0";

/// Whether it was met on the way from an encrypted registry to a place without encryption.
pub(super) fn leads_into_the_clear(error: &OciDistributionError) -> bool {
    let OciDistributionError::RequestError(error) = error else { return false };
    // No error names the address in another form than this.
    format!("{error:?}").contains(&format!(", {NOWHERE},"))
}

/// The error and everything that it comes from. What an `io::Error` holds is not among its sources.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut all = vec![error];
    while let Some(last) = all.last().copied() {
        let held = last.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match held.map(|held| held as &(dyn Error + 'static)).or_else(|| last.source()) {
            Some(cause) => all.push(cause),
            None => break,
        }
    }
    all
}

fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
