//! How a section names an import and the types of its arguments.
//!
//! Holds the macro only: what happens around the call is in [`super::gate`].

/// Links one import: `hostcall!(links, "proxy_log", log(u32, Bytes))` makes `log(&mut Call, u32, Bytes)` answer it.
/// The types are those of [`super::memory`]; each stands for as many wasm arguments as the ABI text gives it. What the
/// function returns says what the guest gets, see [`super::gate::Answer`]. With `wasi` in front of the name the import is
/// linked under both names of the WASI module.
macro_rules! hostcall {
    ($links:expr, wasi $name:literal, $function:ident($($type:ident),*)) => {
        for module in $crate::abi::WASI_MODULES {
            hostcall!(@take $links, module, $name, $function, [] [] $($type)*);
        }
    };
    ($links:expr, $name:literal, $function:ident($($type:ident),*)) => {
        hostcall!(@take $links, "env", $name, $function, [] [] $($type)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] u32 $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* number: u32,] [$($e,)* number,] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] u64 $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* number: u64,] [$($e,)* number,] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] i64 $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* number: i64,] [$($e,)* number,] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] Bytes $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::Bytes { ptr, len },] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] PairsIn $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::PairsIn($crate::vm::memory::Bytes { ptr, len }),] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutU32 $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32,]
            [$($e,)* $crate::vm::memory::OutU32(ptr),] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutU64 $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32,]
            [$($e,)* $crate::vm::memory::OutU64(ptr),] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] OutBytes $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32, len: u32,]
            [$($e,)* $crate::vm::memory::OutBytes { ptr, len },] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] Iovs $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32, count: u32,]
            [$($e,)* $crate::vm::memory::Iovs { ptr, count },] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*] Place $($rest:ident)*) => {
        hostcall!(@take $l, $m, $n, $f, [$($p: $t,)* ptr: u32,]
            [$($e,)* $crate::vm::memory::Place(ptr),] $($rest)*)
    };
    (@take $l:expr, $m:expr, $n:literal, $f:ident, [$($p:ident: $t:ty,)*] [$($e:expr,)*]) => {
        if let Some((linker, row)) = $l.offer($m, $n) {
            linker.func_wrap($m, $n, move |caller: wasmtime::Caller<'_, $crate::vm::VmData>, $($p: $t),*|
                -> wasmtime::Result<_> {
                $crate::vm::gate::enter(
                    caller,
                    row,
                    |_memory, _out| { $($crate::vm::memory::Record::record($e, _memory, _out);)* },
                    |call| $f(call, $($e),*),
                )
            })?;
        }
    };
}
pub(crate) use hostcall;
