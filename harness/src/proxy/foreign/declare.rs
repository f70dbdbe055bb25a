//! `declare_property`: what a plugin says about a property before it sets it.

use crate::abi::Status;
use crate::abi::protobuf::{ProtoFields, ProtoValue};
use crate::proxy::Proxy;
use crate::proxy::context::ContextRef;
use crate::proxy::ids::VmIndex;
use crate::proxy::properties::{Declaration, Shape};

impl Proxy {
    /// Keeps a declaration with the context. That of a plugin context counts when a property of this name is set for the
    /// first time on a stream of the plugin; that of a stream counts for nothing.
    ///
    /// The argument is a message: 1 name, 2 read only, 3 type (1 text, 2 FlatBuffers, 3 protobuf, else bytes), 4 schema
    /// (of protobuf the type's URL), 5 span; in this host every span is that of the stream.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: no message, or a name that the context has declared already; the empty name is one too.
    pub(super) fn declare_property(&mut self, vm: VmIndex, arguments: &[u8]) -> Result<(), Status> {
        let (name, declaration) = parse(arguments).ok_or(Status::BadArgument)?;
        let vm = self.vm_mut(vm);
        let context = vm.effective().ok_or(Status::NotFound)?;
        let ContextRef::Plugin(plugin) = context else {
            let declared = &mut vm.declared_by_streams;
            if declared.iter().any(|(by, known)| *by == context && *known == name) {
                return Err(Status::BadArgument);
            }
            declared.push((context, name));
            return Ok(());
        };
        let plugin = vm.plugins.iter_mut().find(|known| known.plugin == plugin).ok_or(Status::NotFound)?;
        if plugin.declared.iter().any(|(known, _)| *known == name) {
            return Err(Status::BadArgument);
        }
        plugin.declared.push((name, declaration));
        Ok(())
    }
}

/// Name and declaration of a message.
fn parse(arguments: &[u8]) -> Option<(Vec<u8>, Declaration)> {
    let (mut name, mut schema, mut kind, mut read_only) = (Vec::new(), Vec::new(), 0, false);
    for field in ProtoFields(arguments) {
        match field.ok()? {
            // Text is UTF-8, or the message is none.
            (1, ProtoValue::Bytes(bytes)) => name = std::str::from_utf8(bytes).ok()?.as_bytes().to_vec(),
            (2, ProtoValue::Varint(number)) => read_only = number != 0,
            (3, ProtoValue::Varint(number)) => kind = number,
            (4, ProtoValue::Bytes(bytes)) => schema = bytes.to_vec(),
            _ => {}
        }
    }
    let shape = match kind {
        1 => Shape::Text,
        2 => Shape::FlatBuffers,
        3 => Shape::Message { type_url: String::from_utf8_lossy(&schema).into() },
        _ => Shape::Bytes,
    };
    Some((name, Declaration { read_only, shape }))
}
