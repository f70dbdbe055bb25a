//! Whose key is whose.

use std::collections::BTreeMap;

/// The clients by their keys.
#[derive(Default)]
pub struct Keys(BTreeMap<Vec<u8>, String>);

impl Keys {
    /// Reads lines of `KEY=CLIENT`. Blank ones are skipped.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut keys = BTreeMap::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = at + 1;
            let (key, client) = line.split_once('=').ok_or(format!("line {number}: KEY=CLIENT expected"))?;
            if keys.insert(key.trim().into(), client.trim().to_owned()).is_some() {
                return Err(format!("line {number}: two clients have this key"));
            }
        }
        if keys.is_empty() { Err("no key is configured".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The client that has this key.
    pub fn client(&self, key: &[u8]) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}
