//! Findings as scenario files that fail for the same reason.

use std::path::{Path, PathBuf};

use proxy_wasm_suites::conformance::examine::Examined;
use proxy_wasm_suites::conformance::report;
use proxy_wasm_suites::write;

use crate::error::Error;

/// Writes a file for each finding of a check that has a scenario, and says where.
pub(super) fn each(one: &Examined, folder: &Path) -> Result<Vec<Option<PathBuf>>, Error> {
    let mut written = Vec::new();
    for (at, finding) in one.verdict.findings().iter().enumerate() {
        let Some(scenario) = &finding.reproduction else {
            written.push(None);
            continue;
        };
        std::fs::create_dir_all(folder).map_err(Error::writing(folder))?;
        let path = folder.join(format!("{}-{}.scenario.yaml", one.requirement.id.replace('/', "-"), at + 1));
        // Both absolute or both relative: then the module's path is written from the folder.
        let text = report::reproduction(scenario, folder);
        write::whole(&path, text.as_bytes()).map_err(Error::writing(&path))?;
        written.push(Some(path));
    }
    Ok(written)
}
