//! What takes more than a scenario to say: no key but a client's own opens, whatever is tried.

use proxy_wasm_suites::prelude::*;

#[test]
fn no_other_key_opens() -> Result {
    let plugin = Plugin::cargo("api-key")?.config("s3cr3t=alice\nt0k3n=bob");
    let mut host = Host::builder().plugin(plugin).build()?;
    for (key, client) in [("s3cr3t", Some("alice")), ("t0k3n", Some("bob"))] {
        for tried in
            [key.to_owned(), key[1..].to_owned(), format!("{key} "), key.to_uppercase(), format!("{key}=")]
        {
            let exchange = host.send(Request::get("/").header("x-api-key", tried.as_str()));
            let seen = exchange.upstream_request().and_then(|request| request.header("x-client"));
            assert_eq!(seen, client.filter(|_| tried.trim() == key), "{tried:?}");
        }
    }
    Ok(())
}
