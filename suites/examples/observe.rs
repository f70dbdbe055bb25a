#![allow(missing_docs)]
use proxy_wasm_harness::abi::Pairs;
use proxy_wasm_harness::proxy::transcript::{Kind, Party, What, show_bytes};
use proxy_wasm_harness::scenario::{discover, load, run, RunOptions, StepKind};
use proxy_wasm_suites::modules::ModuleSource;
use serde_json::json;
fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let mut all = Vec::new();
    for found in discover(&paths).unwrap() {
        let file = match load(&found.path) { Ok(f) => f, Err(e) => { eprintln!("{e}"); continue } };
        for scenario in &file.scenarios {
            let mut bare = scenario.clone();
            bare.steps.iter_mut().for_each(|s| s.expect = None);
            let r = match run(&bare, ModuleSource::shared(), &RunOptions::default()) { Ok(r) => r, Err(e) => { eprintln!("{}: {e}", found.path.display()); continue } };
            let t = &r.transcript;
            // segments
            let mut segs: Vec<serde_json::Value> = Vec::new();
            let mut streams: Vec<serde_json::Value> = Vec::new();
            let text = |b: &[u8]| match std::str::from_utf8(b) { Ok(s) => s.to_owned(), Err(_) => show_bytes(b) };
            let new = || json!({"status": null, "body": "", "complete": false, "up": false, "upbody": "", "upcomplete": false, "upcut": false, "cut": false, "head": [], "uphead": [], "trailers": [], "uptrailers": []});
            let mut cur = json!({"words": "start", "log": [], "traps": [], "stalled": false, "streams": []});
            for e in t.events() {
                match e.kind {
                    Kind::Step { text: w } => { let w = text(t.bytes(w)); if w == "start" { continue; } segs.push(std::mem::replace(&mut cur, json!({"words": w, "log": [], "traps": [], "stalled": false, "streams": []}))); }
                    Kind::Log { vm, plugin, level, message } => { let p = plugin.map(|p| text(t.bytes(p))).unwrap_or_else(|| t.vm_name(vm).to_owned()); cur["log"].as_array_mut().unwrap().push(json!([p, level.to_string(), text(t.bytes(message)), String::from_utf8(t.bytes(message).to_vec()).is_ok()])); }
                    Kind::Trap { vm, message, .. } => cur["traps"].as_array_mut().unwrap().push(json!([t.vm_name(vm), text(t.bytes(message))])),
                    Kind::Stalled { .. } => cur["stalled"] = true.into(),
                    Kind::Message { stream, party, what, data } => {
                        while streams.len() <= stream.0 { streams.push(new()); }
                        let s = &mut streams[stream.0];
                        let b = t.bytes(data);
                        let pairs = || -> Vec<serde_json::Value> { Pairs::parse(b).into_iter().flatten().map(|(k, v)| json!([text(k), text(v)])).collect() };
                        match (party, what) {
                            (Party::ClientReceives, What::Head { end_stream }) => { s["head"] = pairs().into(); for (k, v) in Pairs::parse(b).into_iter().flatten() { if k == b":status" { s["status"] = text(v).into(); } } s["complete"] = end_stream.into(); }
                            (Party::ClientReceives, What::Data { end_stream }) => { s["body"] = (s["body"].as_str().unwrap().to_owned() + &text(b)).into(); if end_stream { s["complete"] = true.into(); } }
                            (Party::ClientReceives, What::End) => s["complete"] = true.into(),
                            (Party::ClientReceives, What::Trailers) => { s["trailers"] = pairs().into(); s["complete"] = true.into(); }
                            (Party::ClientReceives, What::Reset) => s["cut"] = true.into(),
                            (Party::UpstreamReceives, What::Head { end_stream }) => { s["up"] = true.into(); s["uphead"] = pairs().into(); s["upcomplete"] = end_stream.into(); }
                            (Party::UpstreamReceives, What::Data { end_stream }) => { s["upbody"] = (s["upbody"].as_str().unwrap().to_owned() + &text(b)).into(); if end_stream { s["upcomplete"] = true.into(); } }
                            (Party::UpstreamReceives, What::End) => s["upcomplete"] = true.into(),
                            (Party::UpstreamReceives, What::Trailers) => { s["uptrailers"] = pairs().into(); s["upcomplete"] = true.into(); }
                            (Party::UpstreamReceives, What::Reset) => s["upcut"] = true.into(),
                            _ => {}
                        }
                    }
                    _ => {}
                }
                cur["streams"] = streams.clone().into();
            }
            segs.push(cur);
            let kinds: Vec<String> = scenario.steps.iter().map(|s| match &s.kind { StepKind::Request(_) => format!("request {}", s.repeat), StepKind::Open(o) => format!("open {}", o.stream), StepKind::Respond(o) => format!("respond {}", o.stream), StepKind::Send(o) => format!("send {}", o.stream), StepKind::Abort(o) => format!("abort {}", o.stream), StepKind::Start(_) => "start".into(), StepKind::Expect => "expect".into(), StepKind::Advance(_) => "advance".into(), StepKind::Connect(o) => format!("connect {}", o.stream), StepKind::Data(o) => format!("data {}", o.stream), StepKind::Close(o) => format!("close {}", o.stream), _ => "other".into() }).collect();
            let findings: Vec<_> = r.findings.iter().map(|f| f.id.to_string()).collect();
            let fail = run(scenario, ModuleSource::shared(), &RunOptions::default()).map(|r| r.failures.iter().map(|f| format!("{}: expected {:?} actual {:?}", f.what, f.expected, f.actual)).collect::<Vec<_>>()).unwrap_or_default();
            all.push(json!({"file": found.path.display().to_string(), "name": scenario.name, "case": scenario.case, "segments": segs, "steps": kinds, "findings": findings, "failures": fail}));
        }
    }
    println!("{}", serde_json::Value::from(all));
}
