//! When a module in the cache is enough.
//!
//! | policy | the checksum is known (field or digest) | it is not |
//! |---|---|---|
//! | `IfNotPresent` | the cache is enough | so is the last module of that url |
//! | `Always` | the cache is enough | pulled again when the resource has changed |
//! | unspecified | the cache is enough | as `Always` for an image whose url ends in `:latest`, else as `IfNotPresent` |
//!
//! A resource has changed when its `resourceVersion` has. In a file there is none as a rule: then it counts as just
//! applied, once for each process.
//!
//! Source: Istio 1.32-dev, `pkg/wasm/cache.go`.

use proxy_wasm_harness::manifest::artifact::{self, Fetched};
use proxy_wasm_harness::manifest::{Link, PullPolicy};

use super::Got;
use super::cache::Cache;

/// A module that a resource wants.
#[derive(Debug)]
pub(super) struct Wanted<'l> {
    pub(super) url: &'l str,
    /// The url without its tag and its digest.
    pub(super) name: &'l str,
    /// Nothing: whatever comes.
    pub(super) checksum: Option<String>,
    pub(super) policy: PullPolicy,
    /// The resource, `NAMESPACE/NAME`.
    pub(super) resource: &'l str,
    /// Its version, empty when it has none.
    pub(super) version: &'l str,
}

impl<'l> Wanted<'l> {
    pub(super) fn of(link: &'l Link, url: &'l str) -> Self {
        Self {
            url,
            name: name(url),
            checksum: artifact::wanted(url, link.module.sha256.as_deref()),
            policy: link.module.pull_policy,
            resource: &link.name,
            version: &link.module.resource_version,
        }
    }

    /// Whether a module that another pull left is not enough, when the resource has changed since.
    fn wants_news(&self) -> bool {
        match self.policy {
            PullPolicy::Always => true,
            PullPolicy::IfNotPresent => false,
            PullPolicy::Unspecified => self.url.starts_with("oci://") && self.url.ends_with(":latest"),
        }
    }
}

/// What can be taken from the cache without asking anybody.
pub(super) fn from_cache(wanted: &Wanted<'_>, cache: &Cache) -> Option<Got> {
    let checksum = match &wanted.checksum {
        Some(checksum) => checksum.clone(),
        None => {
            let last = cache.last(wanted.url)?;
            let same = last.resources.get(wanted.resource).is_some_and(|version| version == wanted.version);
            let changed = wanted.version.is_empty() || !same;
            if wanted.wants_news() && changed {
                return None;
            }
            last.checksum
        }
    };
    let module = cache.module(wanted.name, &checksum)?;
    Some(Got { module, checksum, cached: true })
}

/// What an image's manifest leads to in the cache.
pub(super) fn known(wanted: &Wanted<'_>, checksum: &str, cache: &Cache) -> Option<Fetched> {
    let module = cache.module(wanted.name, checksum)?;
    Some(Fetched { module, checksum: Some(checksum.to_owned()) })
}

/// An url without what tells versions of one image apart; others as they are.
fn name(url: &str) -> &str {
    let Some(reference) = url.strip_prefix("oci://") else { return url };
    let plain = reference.split_once('@').map_or(reference, |(name, _)| name);
    let last = plain.rfind('/').map_or(0, |at| at + 1);
    let end = plain[last..].find(':').map_or(plain.len(), |at| last + at);
    &url[..url.len() - reference.len() + end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATEST: &str = "oci://r:5000/a/p:latest";
    const TAGGED: &str = "oci://r:5000/a/p:v1";
    const BARE: &str = "oci://r:5000/a/p";
    const WEB: &str = "https://h/p:latest";

    fn wanted<'l>(url: &'l str, policy: PullPolicy, version: &'l str) -> Wanted<'l> {
        Wanted { url, name: name(url), checksum: None, policy, resource: "ns/p", version }
    }

    #[test]
    fn names_have_neither_tag_nor_digest() {
        for (url, expected) in [
            (LATEST, BARE),
            (BARE, BARE),
            ("oci://r:5000/a/p:v1@sha256:00", BARE),
            ("oci://r/p@sha256:00", "oci://r/p"),
            ("oci://p:v1", "oci://p"),
            ("https://h:1/p:v1@x", "https://h:1/p:v1@x"),
        ] {
            assert_eq!(name(url), expected, "{url}");
        }
    }

    #[test]
    fn the_table() {
        use PullPolicy::{Always, IfNotPresent, Unspecified};
        for (policy, url, enough_when_changed) in [
            (IfNotPresent, LATEST, true),
            (IfNotPresent, WEB, true),
            (Always, TAGGED, false),
            (Always, WEB, false),
            (Unspecified, LATEST, false),
            (Unspecified, TAGGED, true),
            (Unspecified, BARE, true),
            (Unspecified, WEB, true),
        ] {
            let dir = tempfile::tempdir().expect("a folder");
            let cache = Cache::new(dir.path().to_owned());
            let first = wanted(url, policy, "1");
            assert_eq!(from_cache(&first, &cache), None, "{policy:?} {url}: nothing is there");
            let got = Got { module: b"\0asm\x01\0\0\0".to_vec(), checksum: "c".repeat(64), cached: false };
            cache.keep(&first, &got).expect("kept");
            let again = Got { cached: true, ..got };
            assert_eq!(from_cache(&first, &cache), Some(again.clone()), "{policy:?} {url}: unchanged");
            let enough = enough_when_changed.then(|| again.clone());
            assert_eq!(from_cache(&wanted(url, policy, "2"), &cache), enough, "{policy:?} {url}: changed");
            let other = Wanted { resource: "ns/other", ..wanted(url, policy, "1") };
            assert_eq!(from_cache(&other, &cache), enough, "{policy:?} {url}: another resource");
            // With a checksum the policy is irrelevant, and the tag too.
            let pinned = Wanted { checksum: Some("c".repeat(64)), ..wanted(url, policy, "3") };
            assert_eq!(from_cache(&pinned, &cache), Some(again), "{policy:?} {url}: pinned");
            let unknown = Wanted { checksum: Some("d".repeat(64)), ..wanted(url, policy, "1") };
            assert_eq!(from_cache(&unknown, &cache), None, "{policy:?} {url}: another checksum");
        }
    }

    #[test]
    fn a_file_without_a_version_counts_as_just_applied() {
        let dir = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(dir.path().to_owned());
        let got = Got { module: b"\0asm\x01\0\0\0".to_vec(), checksum: "c".repeat(64), cached: false };
        let applied = wanted(TAGGED, PullPolicy::Always, "");
        cache.keep(&applied, &got).expect("kept");
        assert_eq!(from_cache(&applied, &cache), None);
        assert!(from_cache(&wanted(TAGGED, PullPolicy::IfNotPresent, ""), &cache).is_some());
    }
}
