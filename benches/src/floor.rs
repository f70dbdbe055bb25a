//! Plugins on bare wasmtime: the time that is the guest's own.
//!
//! Same engine and same module as the harness; functions looked up once; host functions that do what the guest can see,
//! and nothing else: maps are serialized beforehand, changes to them are dropped, a log line is counted.

mod imports;

use proxy_wasm_harness::vm::{HangGuard, Plugin};
use wasmtime::{Instance, Linker, Memory, Store, TypedFunc};

use crate::guests::{CHUNK, CHUNKS, Workload};

/// What the host functions find in the store.
pub struct Data {
    memory: Option<Memory>,
    allocate: Option<TypedFunc<u32, u32>>,
    /// The serialized maps of request and response.
    maps: [Vec<u8>; 2],
    /// Their fields.
    fields: [Vec<(Vec<u8>, Vec<u8>)>; 2],
    body: Vec<u8>,
    config: Vec<u8>,
    now: u64,
    /// Bytes logged.
    pub logged: usize,
}

/// An instance of a plugin, configured.
pub struct Floor {
    store: Store<Data>,
    create: Option<TypedFunc<(u32, u32), ()>>,
    request_headers: Option<TypedFunc<(u32, u32, u32), u32>>,
    response_headers: Option<TypedFunc<(u32, u32, u32), u32>>,
    response_body: Option<TypedFunc<(u32, u32, u32), u32>>,
    log: Option<TypedFunc<u32, ()>>,
    done: Option<TypedFunc<u32, u32>>,
    delete: Option<TypedFunc<u32, ()>>,
    body: bool,
    next: u32,
}

impl Floor {
    /// Starts and configures the plugin.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn new(workload: &Workload, plugin: &Plugin) -> Self {
        let engine = plugin.module().engine();
        let mut linker = Linker::new(engine);
        imports::link(&mut linker, plugin.module()).expect("every import links");
        let fields = imports::fields(workload);
        let mut store = Store::new(
            engine,
            Data {
                memory: None,
                allocate: None,
                maps: fields.clone().map(|fields| imports::serialize(&fields)),
                fields,
                body: Vec::with_capacity(CHUNK * CHUNKS),
                config: workload.config.into(),
                now: 1_704_067_200_000_000_000,
                logged: 0,
            },
        );
        HangGuard::new(std::time::Duration::from_secs(86_400)).arm(&mut store);
        if plugin.engine().settings().fuel {
            store.set_fuel(u64::MAX).expect("fuel is counted");
        }
        let instance = linker.instantiate(&mut store, plugin.module()).expect("it instantiates");
        let memory = instance.get_memory(&mut store, "memory");
        store.data_mut().memory = memory;
        store.data_mut().allocate = ["malloc", "proxy_on_memory_allocate"]
            .into_iter()
            .find_map(|name| instance.get_typed_func(&mut store, name).ok());
        let started = ["_initialize", "_start"].into_iter().find_map(|name| {
            let start = instance.get_typed_func::<(), ()>(&mut store, name).ok()?;
            start.call(&mut store, ()).expect("it starts");
            Some(())
        });
        let mut floor = Self::found(store, &instance, workload.body);
        if started.is_some()
            && let Ok(main) = instance.get_typed_func::<(u32, u32), u32>(&mut floor.store, "main")
        {
            let _ = main.call(&mut floor.store, (0, 0));
        }
        floor.configure(&instance);
        floor
    }

    fn found(mut store: Store<Data>, instance: &Instance, body: bool) -> Self {
        macro_rules! find {
            ($name:literal) => {
                instance.get_typed_func(&mut store, $name).ok()
            };
        }
        Self {
            create: find!("proxy_on_context_create"),
            request_headers: find!("proxy_on_request_headers"),
            response_headers: find!("proxy_on_response_headers"),
            response_body: find!("proxy_on_response_body"),
            log: find!("proxy_on_log"),
            done: find!("proxy_on_done"),
            delete: find!("proxy_on_delete"),
            store,
            body,
            next: 2,
        }
    }

    fn configure(&mut self, instance: &Instance) {
        let store = &mut self.store;
        if let Some(create) = &self.create {
            create.call(&mut *store, (1, 0)).expect("a context is created");
        }
        let size = store.data().config.len() as u32;
        for (name, size) in [("proxy_on_vm_start", 0), ("proxy_on_configure", size)] {
            if let Ok(function) = instance.get_typed_func::<(u32, u32), u32>(&mut *store, name) {
                assert_eq!(function.call(&mut *store, (1, size)).expect("it starts"), 1, "{name}");
            }
        }
    }

    /// One exchange: a stream's callbacks from its creation to its end.
    pub fn exchange(&mut self) {
        let context = self.next;
        self.next += 1;
        let store = &mut self.store;
        // Two seconds after the last one, so that a rate limiter admits each.
        store.data_mut().now += 2_000_000_000;
        let [request, response] = store.data().fields.each_ref().map(|fields| fields.len() as u32);
        call(&self.create, store, (context, 1));
        call(&self.request_headers, store, (context, request, 1));
        call(&self.response_headers, store, (context, response, u32::from(!self.body)));
        if self.body {
            let piece = [b'a'; CHUNK];
            for number in 1..=CHUNKS {
                store.data_mut().body.extend_from_slice(&piece);
                let size = store.data().body.len() as u32;
                call(&self.response_body, store, (context, size, u32::from(number == CHUNKS)));
            }
            store.data_mut().body.clear();
        }
        call(&self.log, store, context);
        call(&self.done, store, context);
        call(&self.delete, store, context);
    }

    /// Bytes that the plugin has logged so far.
    #[must_use]
    pub fn logged(&self) -> usize {
        self.store.data().logged
    }
}

fn call<P: wasmtime::WasmParams, R: wasmtime::WasmResults>(
    function: &Option<TypedFunc<P, R>>,
    store: &mut Store<Data>,
    args: P,
) {
    if let Some(function) = function {
        function.call(store, args).expect("the callback returns");
    }
}
