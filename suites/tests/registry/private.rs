//! Registries that want credentials, and those that speak TLS.

use std::path::PathBuf;
use std::process::Command;

use data_encoding::BASE64;
use proxy_wasm_suites::registry::Options;
use tempfile::TempDir;

use crate::manifests::{get, get_with, link, options, refused};
use crate::pack::MODULE;
use crate::server::{Kind, Server, USER};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a secret among the manifests", secret),
    ("a Docker configuration", docker_config),
    ("certificates that nobody vouches for", certificates),
    ("a registry that leads into the clear", downgrade),
];

/// A Docker configuration for a registry.
fn config(host: &str, password: &str) -> String {
    let auth = BASE64.encode(format!("{}:{password}", USER.0).as_bytes());
    format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{auth}\"}}}}}}")
}

/// A secret of this name with that configuration.
fn secret_of(name: &str, config: &str) -> String {
    let data = BASE64.encode(config.as_bytes());
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: default}}\n\
         type: kubernetes.io/dockerconfigjson\ndata: {{.dockerconfigjson: {data}}}\n"
    )
}

fn secret() {
    let server = Server::start(Kind { private: true, ..Kind::default() });
    let digest = server.artifact("p:v1", MODULE);
    let with = |secret: &str| link(&server.url("p:v1"), "", "imagePullSecret: pull", secret);
    let cache = tempfile::tempdir().expect("a folder");
    let right = secret_of("pull", &config(&server.host, USER.1));
    let got = get(&with(&right), cache.path()).expect("permission");
    assert_eq!((got.module.as_slice(), got.checksum), (MODULE, digest));

    refused(&link(&server.url("p:v1"), "", "", ""), "refuses 127.0.0.1");
    refused(&link(&server.url("p:v1"), "", "", ""), "asked without credentials");
    let wrong = secret_of("pull", &config(&server.host, "wrong"));
    refused(&with(&wrong), "with the credentials of the Secret default/pull");
    let elsewhere = secret_of("pull", &config("other.example", USER.1));
    refused(&with(&elsewhere), "the Secret default/pull has nothing for it");
    refused(&with(&secret_of("other", "{}")), "no Secret default/pull of type");
    refused(
        &with(&secret_of("pull", "no JSON")),
        "the Secret default/pull: the Docker configuration is no JSON",
    );
}

fn docker_config() {
    let server = Server::start(Kind { private: true, ..Kind::default() });
    server.artifact("p:v1", MODULE);
    let cache = tempfile::tempdir().expect("a folder");
    let with = |password: &str| Options {
        docker_config: Some(config(&server.host, password)),
        ..options(cache.path())
    };
    let plain = link(&server.url("p:v1"), "", "", "");
    let said = get_with(&plain, with("wrong")).expect_err("it is wrong");
    assert!(
        said.contains("with the credentials of the Docker configuration") && !said.contains("wrong"),
        "{said}"
    );
    assert!(get_with(&plain, with(USER.1)).is_ok());
    // What a resource names comes before it.
    let empty = link(
        &server.url("p:v1"),
        "resourceVersion: '2'",
        "imagePullPolicy: Always, imagePullSecret: pull",
        &secret_of("pull", "{}"),
    );
    assert!(get_with(&empty, with(USER.1)).is_err());
}

/// A certificate that only its own key has signed, and the key.
fn certificate() -> Option<(TempDir, PathBuf, PathBuf)> {
    let home = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    match made {
        Ok(made) if made.status.success() => Some((home, certificate, key)),
        _ => {
            eprintln!("skipped: openssl is not installed, and makes the certificate of this test");
            None
        }
    }
}

fn certificates() {
    let Some((_home, certificate, key)) = certificate() else { return };
    let server = Server::start(Kind { private: true, tls: Some((&certificate, &key)), ..Kind::default() });
    server.artifact("p:v1", MODULE);
    let cache = tempfile::tempdir().expect("a folder");
    let with = |insecure: &[&str]| Options {
        insecure: insecure.iter().map(|host| (*host).to_owned()).collect(),
        docker_config: Some(config(&server.host, USER.1)),
        ..options(cache.path())
    };
    let plain = link(&server.url("p:v1"), "", "", "");
    let said = get_with(&plain, with(&[])).expect_err("nobody vouches for it");
    assert!(said.contains("cannot be reached") && said.contains("--insecure-registry"), "{said}");
    assert!(get_with(&plain, with(&["other.example"])).is_err());
    for host in ["*", "127.0.0.1", &server.host] {
        let cache = tempfile::tempdir().expect("a folder");
        let got = get_with(&plain, Options { cache: Some(cache.path().to_owned()), ..with(&[host]) });
        assert_eq!(got.map(|got| got.module), Ok(MODULE.to_vec()), "{host}");
    }
}

fn downgrade() {
    let Some((_home, certificate, key)) = certificate() else { return };
    // Nobody has to listen there: what matters is that nobody is asked.
    let server = Server::start(Kind {
        tls: Some((&certificate, &key)),
        redirect: Some("http://127.0.0.1:9/"),
        ..Kind::default()
    });
    server.artifact("p:v1", MODULE);
    let cache = tempfile::tempdir().expect("a folder");
    let trusting = Options { insecure: vec!["*".to_owned()], ..options(cache.path()) };
    let said = get_with(&link(&server.url("p:v1"), "", "", ""), trusting).expect_err("it is refused");
    assert!(said.contains("leads from https to http, which is refused"), "{said}");
}
