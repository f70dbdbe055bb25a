//! Downloads over `http` and `https`.
//!
//! A connection that fails and an answer 5xx, but for 501, 505 and 511, are tried again; any other answer than 200 is
//! final. A redirect is followed to the same scheme only. What is larger than a module may be is cut off, not refused.
//! Source: Istio 1.32-dev, `pkg/wasm/httpfetcher.go`; that redirects keep their scheme is our own rule.

use std::net::IpAddr;
use std::time::Duration;

use proxy_wasm_harness::manifest::FetchError;
use proxy_wasm_harness::manifest::artifact::LARGEST;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{StatusCode, Url};

use super::{Registry, trouble};

/// Redirects that are followed one after another.
const MOST_REDIRECTS: usize = 10;

/// The body behind an url.
pub(super) fn download(registry: &Registry, url: &str) -> Result<Vec<u8>, FetchError> {
    let parsed = Url::parse(url).map_err(|error| FetchError::new(format!("{url} is no url: {error}")))?;
    if let Some(why) = off_limits(&parsed) {
        return Err(FetchError::new(format!("{url} is not fetched: {why}")));
    }
    let client = client(registry, &parsed)
        .map_err(|error| trouble::of_request(&format!("{url}: no client can be made, it"), &error))?;
    registry.runtime.block_on(async {
        let mut pause = registry.options.backoff;
        let mut left = registry.options.retries;
        loop {
            match once(&client, &parsed).await {
                Ok(body) => return Ok(body),
                Err(Failed { error, again: true }) if left > 0 => {
                    left -= 1;
                    drop(error);
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(Duration::from_secs(60));
                }
                Err(Failed { error, .. }) => return Err(error),
            }
        }
    })
}

fn client(registry: &Registry, url: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    reqwest::Client::builder()
        .redirect(Policy::custom(redirected))
        .timeout(registry.options.timeout)
        .tls_danger_accept_invalid_certs(registry.trusts(&host))
        .build()
}

fn redirected(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let (from, to) = (attempt.previous().first().cloned(), attempt.url().clone());
    let schemes = from.as_ref().map_or((to.scheme(), to.scheme()), |from| (from.scheme(), to.scheme()));
    if schemes.0 != schemes.1 {
        let why = format!("it redirects from {} to {}, which is refused", schemes.0, schemes.1);
        return attempt.error(why);
    }
    if let Some(why) = off_limits(&to) {
        return attempt.error(format!("it redirects to {to}, which is refused: {why}"));
    }
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error(format!("it redirects more than {MOST_REDIRECTS} times"));
    }
    attempt.follow()
}

/// Why an address is one that only the machine itself, or its cloud, should be asked at.
pub(super) fn off_limits(url: &Url) -> Option<&'static str> {
    let host = url.host_str()?.trim_matches(['[', ']']);
    let linked = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => address.is_unicast_link_local(),
        Err(_) => host.eq_ignore_ascii_case("metadata.google.internal"),
    };
    linked.then_some("it is a link-local or metadata address")
}

/// Why one attempt failed.
struct Failed {
    error: FetchError,
    again: bool,
}

async fn once(client: &reqwest::Client, url: &Url) -> Result<Vec<u8>, Failed> {
    let broken = |error: reqwest::Error| Failed {
        again: !error.is_redirect() && !error.is_builder(),
        error: trouble::of_request(url.as_str(), &error),
    };
    let mut response = client.get(url.clone()).send().await.map_err(broken)?;
    let status = response.status();
    if status != StatusCode::OK {
        let never = [
            StatusCode::NOT_IMPLEMENTED,
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            StatusCode::NETWORK_AUTHENTICATION_REQUIRED,
        ];
        return Err(Failed {
            error: FetchError::unreachable(format!("{url} answers {status}")),
            again: status.is_server_error() && !never.contains(&status),
        });
    }
    let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        let room = most - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == most {
            break;
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_nobody_else_s() {
        for (url, refused) in [
            ("http://169.254.169.254/latest", true),
            ("http://[fe80::1]/x", true),
            ("https://metadata.google.internal/", true),
            ("http://127.0.0.1:5000/", false),
            ("http://10.0.0.1/", false),
            ("https://example.org/", false),
        ] {
            assert_eq!(off_limits(&Url::parse(url).expect("an url")).is_some(), refused, "{url}");
        }
    }
}
