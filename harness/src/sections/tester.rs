//! The hostcalls that answer otherwise under the profile `google`; what it keeps is in `proxy::tester`.
//!
//! Each is called from the function of its section; see there for its place in the ABI.

use crate::abi::{BufferType, Pairs, Status};
use crate::proxy::{Tester, TesterReply};
use crate::vm::gate::Call;
use crate::vm::memory::{Bytes, OutBytes, OutU32, PairsIn};

/// The tester of this call; nothing when a proxy is simulated.
pub(super) fn of<'c>(call: &'c mut Call<'_>) -> Option<&'c mut Tester> {
    call.proxy().tester.as_deref_mut()
}

/// The tester, where it is known to be there.
fn tester<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Tester, Status> {
    of(call).ok_or(Status::InternalFailure)
}

/// A key and a value out of the guest's memory.
fn copied(call: &mut Call<'_>, bytes: Bytes) -> Result<Vec<u8>, Status> {
    let (memory, _) = call.memory_and_proxy();
    bytes.get(memory).map(<[u8]>::to_vec)
}

pub(super) fn map_size(call: &mut Call<'_>, map: u32, out: OutU32) -> Result<(), Status> {
    let count = tester(call)?.map(map)?.len();
    call.write_u32(out, count as u32)
}

pub(super) fn map_pairs(call: &mut Call<'_>, map: u32, out: OutBytes) -> Result<(), Status> {
    let headers = tester(call)?.map(map)?;
    let bytes = if headers.len() == 0 { Vec::new() } else { crate::abi::pairs::serialize(headers.pairs()) };
    call.give(out, &bytes)
}

pub(super) fn set_map_pairs(call: &mut Call<'_>, map: u32, pairs: PairsIn) -> Result<(), Status> {
    let bytes = copied(call, pairs.0)?;
    let headers = tester(call)?.map(map)?;
    headers.clear();
    for (name, value) in Pairs::parse(&bytes).unwrap_or_default() {
        headers.add(name, value);
    }
    Ok(())
}

pub(super) fn map_value(call: &mut Call<'_>, map: u32, key: Bytes, out: OutBytes) -> Result<(), Status> {
    let key = copied(call, key)?;
    let value = tester(call)?.map(map)?.get(&key).map(<[u8]>::to_vec).ok_or(Status::NotFound)?;
    call.give(out, &value)
}

/// What is done to a field.
#[derive(Clone, Copy)]
pub(super) enum Change {
    Add,
    Replace,
    Remove,
}

pub(super) fn change(
    call: &mut Call<'_>,
    map: u32,
    key: Bytes,
    value: Bytes,
    change: Change,
) -> Result<(), Status> {
    let (key, value) = (copied(call, key)?, copied(call, value)?);
    let headers = tester(call)?.map(map)?;
    match change {
        Change::Add => headers.add(&key, &value),
        Change::Replace => headers.replace(&key, &value),
        Change::Remove => headers.remove(&key),
    }
    Ok(())
}

/// The configuration is open everywhere, a body in its callback and until the next; nothing else is there.
fn buffer(call: &mut Call<'_>, buffer: u32) -> Result<Vec<u8>, Status> {
    if BufferType::from_abi(buffer) == Some(BufferType::PluginConfiguration) {
        return Ok(call
            .proxy()
            .plugins
            .first()
            .map_or_else(Vec::new, |plugin| plugin.key.configuration.clone()));
    }
    tester(call)?.body(buffer).cloned()
}

pub(super) fn buffer_status(
    call: &mut Call<'_>,
    kind: u32,
    size: OutU32,
    flags: OutU32,
) -> Result<(), Status> {
    let len = buffer(call, kind)?.len();
    call.write_u32(size, len as u32)?;
    call.write_u32(flags, 0)
}

/// `BadArgument`: a range that no 32 bits can hold.
pub(super) fn buffer_bytes(
    call: &mut Call<'_>,
    kind: u32,
    start: u32,
    max_size: u32,
    out: OutBytes,
) -> Result<(), Status> {
    let bytes = buffer(call, kind)?;
    start.checked_add(max_size).ok_or(Status::BadArgument)?;
    let start = (start as usize).min(bytes.len());
    let end = (start + max_size as usize).min(bytes.len());
    call.give(out, &bytes[start..end])
}

/// Puts `data` in the place of a range, which is cut where it leaves the body. `BadArgument`: the configuration.
pub(super) fn set_buffer_bytes(
    call: &mut Call<'_>,
    kind: u32,
    start: u32,
    size: u32,
    data: Bytes,
) -> Result<(), Status> {
    let data = copied(call, data)?;
    if BufferType::from_abi(kind) == Some(BufferType::PluginConfiguration) {
        return Err(Status::BadArgument);
    }
    let body = tester(call)?.body(kind)?;
    let start = (start as usize).min(body.len());
    let end = (start + size as usize).min(body.len());
    body.splice(start..end, data);
    Ok(())
}

pub(super) fn property(call: &mut Call<'_>, path: Bytes, out: OutBytes) -> Result<(), Status> {
    let path = copied(call, path)?;
    let value = tester(call)?.property(&path)?;
    call.give(out, &value)
}

/// Kept where it counts; elsewhere it does nothing, and the answer is Ok.
pub(super) fn send_local_response(
    call: &mut Call<'_>,
    status: u32,
    details: Bytes,
    body: Bytes,
    headers: PairsIn,
    grpc_status: u32,
) -> Result<(), Status> {
    let (details, body, headers) = (copied(call, details)?, copied(call, body)?, copied(call, headers.0)?);
    let mut reply = TesterReply { status, grpc_status, details, body, headers: Vec::new() };
    for (name, value) in Pairs::parse(&headers).unwrap_or_default() {
        reply.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        reply.headers.push((name.to_vec(), value.to_vec()));
    }
    let vm = call.vm();
    let tester = tester(call)?;
    if tester.takes_reply() {
        tester.reply = Some(reply);
    }
    // Whatever the plugin returns now stops.
    call.proxy().vm_mut(vm).stop_next_iteration = true;
    Ok(())
}
