//! wasmtime: engine, plugins, virtual machines.
