//! What `docker save` writes: a tar with `manifest.json` and layers that are not compressed, and in newer versions an OCI
//! layout beside it.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value as Json;

use super::image;
use super::layout::{self, Files};
use super::{FetchError, Fetched, LARGEST};

/// The module in an archive. An older archive does not hold the image's manifest, so that its digest is not known.
pub(crate) fn fetch(bytes: &[u8], url: &str) -> Result<Fetched, FetchError> {
    let entries = entries(bytes)?;
    if entries.contains_key("index.json") {
        return layout::fetch(&Files::Entries(&entries), url);
    }
    let manifest = entries.get("manifest.json").ok_or_else(|| {
        FetchError::new("the archive is no image: it has neither manifest.json nor index.json")
    })?;
    let json: Json = serde_json::from_slice(manifest)
        .map_err(|error| FetchError::new(format!("its manifest.json is no JSON: {error}")))?;
    let all = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let reference = url.strip_prefix("oci://").unwrap_or(url);
    let tags = |image: &Json| -> Vec<String> {
        let tags = image["RepoTags"].as_array().into_iter().flatten();
        tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
    };
    let found = all.iter().find(|image| tags(image).iter().any(|tag| tag == reference)).or(match all {
        [one] => Some(one),
        _ => None,
    });
    let Some(found) = found else {
        let names: Vec<String> = all.iter().flat_map(tags).collect();
        return Err(FetchError::new(format!("no image in it is {reference}"))
            .hint(format!("it holds {}", names.join(", "))));
    };
    let last = found["Layers"].as_array().and_then(|layers| layers.last()).and_then(Json::as_str);
    let layer = last.and_then(|path| entries.get(path));
    let Some(layer) = layer else { return Err(FetchError::new("the image in it has no layer")) };
    let module = if layer.starts_with(&[0x1f, 0x8b]) {
        image::in_tar(flate2::read::MultiGzDecoder::new(layer.as_slice()), LARGEST)?
    } else {
        image::in_tar(layer.as_slice(), LARGEST)?
    };
    Ok(Fetched { module, checksum: None })
}

/// Whether the names of a tar are those of an image.
pub(crate) fn is_saved(bytes: &[u8]) -> bool {
    let mut archive = tar::Archive::new(bytes);
    let Ok(entries) = archive.entries() else { return false };
    entries.take_while(Result::is_ok).flatten().any(|entry| {
        matches!(
            &*entry.path_bytes(),
            b"manifest.json" | b"index.json" | b"./manifest.json" | b"./index.json"
        )
    })
}

fn entries(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, FetchError> {
    let broken = |error: std::io::Error| FetchError::new(format!("the archive cannot be read: {error}"));
    let mut archive = tar::Archive::new(bytes);
    let mut entries = BTreeMap::new();
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let mut content = Vec::new();
        // A sparse file can be larger than the archive that holds it.
        (&mut entry).take(bytes.len() as u64).read_to_end(&mut content).map_err(broken)?;
        entries.insert(name, content);
    }
    Ok(entries)
}
