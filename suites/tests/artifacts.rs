//! The committed modules are what their sources build.

use std::path::Path;
use std::process::Command;

#[test]
fn the_artifacts_are_not_stale() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins-under-test/build.sh");
    let checked = Command::new("bash").arg(script).arg("--check").output().expect("bash");
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    assert!(said.ends_with("artifacts are up to date\n"), "{said}");
}
