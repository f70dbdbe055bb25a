//! Every hostcall, made by small modules through the public host: good calls, bad arguments, wrong contexts, pointers
//! that leave the memory. The answers are those of Envoy 1.40, observed.

mod allocators;
mod call_patterns;
mod foreign_functions;
mod grpc_calls;
mod http_calls;
mod metrics;
mod probe;
mod properties;
mod shared_key_value_store;
mod shared_queues;
mod statuses;
mod tcp_streams;
mod wasi;
