//! Scenarios carried out and judged, on small plugins with one behaviour each (`plugins-under-test/probes`) and on the
//! plugins of the repository.

mod at_hand;
mod by_hand;
mod calls;
mod determinism;
mod failures;
mod fuel;
mod input;
mod script;
mod shared;
mod tcp;
mod verdicts;
