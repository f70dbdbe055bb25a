//! The chains of a folder with everything that is deployed in the scenarios of manifests, as `chain` prints them.

mod playground;

use playground::Playground;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../suites/scenarios/manifests/deploy");

/// Workloads by the names of their snapshots.
const WORKLOADS: &[(&str, &[&str])] = &[
    ("phases", &["-n", "phases"]),
    ("phases-refused", &["-n", "phases", "-l", "closed=true"]),
    ("phases-gateway", &["-n", "phases", "--kind", "gateway"]),
    ("phases-istio-1.29", &["-n", "phases", "--istio", "1.29"]),
    ("priorities", &["-n", "priorities"]),
    ("scopes", &["-n", "scopes", "-l", "app=httpbin,mesh-plugin=yes", "--port", "8080"]),
    ("scopes-client", &["-n", "scopes", "-l", "app=other", "--kind", "sidecar-outbound"]),
    ("configured", &["-n", "configured"]),
    ("environment", &["-n", "environment", "-l", "module=local", "-e", "POD_NAME=httpbin-0"]),
    ("environment-missing", &["-n", "environment"]),
    ("checksums", &["-n", "checksums", "-l", "wrong=open"]),
    ("pulled", &["-n", "pulled"]),
    ("failing", &["-n", "failing", "-l", "broken=closed,trapping=open"]),
    ("headers", &["-n", "headers", "-l", "app=httpbin", "-p", "8080"]),
    ("headers-other-port", &["-n", "headers", "-l", "app=httpbin", "-p", "9090"]),
];

#[test]
fn chains_of_a_folder() {
    let play = Playground::new();
    for entry in std::fs::read_dir(DEPLOY).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_str().expect("UTF-8");
        play.write(&format!("deploy/{name}"), std::fs::read(&path).expect("a manifest"));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/chain"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, of) in WORKLOADS {
            let ran = play.run(&[&["chain", "deploy"], *of].concat());
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}: {ran:?}");
            let text = ran.stdout;
            // Of what does not apply only what is near: the other namespaces are other examples.
            let near = |line: &&str| !line.contains("and applies there only");
            let text: Vec<&str> = text.lines().filter(near).collect();
            insta::assert_snapshot!(*name, text.join("\n"));
        }
    });
}

#[test]
fn every_snapshot_is_of_a_workload() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../snapshots/chain");
    for entry in std::fs::read_dir(folder).expect("the snapshots") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let workload = name.strip_suffix(".snap").unwrap_or_else(|| panic!("{name} is to be reviewed"));
        assert!(WORKLOADS.iter().any(|(known, _)| *known == workload), "{name} is left over");
    }
}
