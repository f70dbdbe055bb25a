//! `expr_create`, `expr_evaluate`, `expr_delete`: expressions in CEL about a stream.
//!
//! In reading order: `language` (where Envoy's differs from the crate's), `check` (what Envoy refuses to compile), `scope` (what the names of an expression stand for), `values`
//! and `entries` (values of properties as values of CEL, and back). The language itself is the crate `cel`.
//! Serves: Envoy 1.40, observed.

mod check;
mod entries;
mod language;
mod scope;
mod values;

pub(crate) use values::Shown;

use std::fmt;
use std::sync::Arc;

use cel::{Program, Value};

use crate::abi::Status;
use crate::proxy::Proxy;
use crate::proxy::ids::VmIndex;
use crate::proxy::transcript::Fault;
use check::Refusal;

/// What a plugin context created. Tokens count from zero; one whose expression does not compile is used up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expressions {
    next: u32,
    known: Vec<(u32, Expression)>,
}

/// An expression that compiles.
#[derive(Clone)]
struct Expression(Arc<Program>);

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Expression")
    }
}

impl Proxy {
    /// Compiles an expression and answers its token: four bytes, little endian.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: it is no expression, or calls what Envoy has no function for.
    pub(super) fn create_expression(&mut self, vm: VmIndex, source: &[u8]) -> Result<Vec<u8>, Status> {
        let program = language::parse(source)?;
        let expressions = &mut self.plugin_context_mut(vm).ok_or(Status::NotFound)?.expressions;
        let token = expressions.next;
        expressions.next += 1;
        match check::check(program.expression()) {
            Ok(()) => {
                expressions.known.push((token, Expression(Arc::new(program))));
                Ok(token.to_le_bytes().to_vec())
            }
            Err(Refusal::Envoy) => Err(Status::BadArgument),
            Err(Refusal::Here(what)) => {
                self.fault(vm, Fault { id: "host/not-simulated", call: "expr_create", what });
                Err(Status::Unimplemented)
            }
        }
    }

    /// The value of an expression now, encoded as a property would be.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: the token has not four bytes; [`Status::NotFound`]: no such token;
    /// [`Status::InternalFailure`]: the evaluation fails; [`Status::SerializationFailure`]: the value is null, a type, or a
    /// whole object such as `request`.
    pub(super) fn evaluate_expression(&mut self, vm: VmIndex, token: &[u8]) -> Result<Vec<u8>, Status> {
        let token = read_token(token)?;
        let known = &self.plugin_context_mut(vm).ok_or(Status::NotFound)?.expressions.known;
        let (_, expression) = known.iter().find(|(known, _)| *known == token).ok_or(Status::NotFound)?;
        let program = Arc::clone(&expression.0);
        let names = check::names(program.expression());
        if names.iter().any(|name| self.leads_into_flatbuffers(vm, &[name.as_bytes(), b"\0*"].concat())) {
            let what = "a property declared as FlatBuffers is read by a schema that Envoy does not check: with another one \
                        than the value's it crashes. This host does not read FlatBuffers";
            self.fault(vm, Fault { id: "envoy/crash", call: "expr_evaluate", what });
        }
        let context = self.scope(vm, &names);
        let value =
            Value::resolve_val(program.expression(), &context).map_err(|_| Status::InternalFailure)?;
        let mut out = Vec::new();
        values::read(&*value)?.encode(&mut out)?;
        Ok(out)
    }

    /// Forgets an expression; also one that is not known.
    ///
    /// # Errors
    ///
    /// [`Status::BadArgument`]: the token has not four bytes.
    pub(super) fn delete_expression(&mut self, vm: VmIndex, token: &[u8]) -> Result<(), Status> {
        let token = read_token(token)?;
        if let Some(context) = self.plugin_context_mut(vm) {
            context.expressions.known.retain(|(known, _)| *known != token);
        }
        Ok(())
    }
}

fn read_token(bytes: &[u8]) -> Result<u32, Status> {
    bytes.try_into().map(u32::from_le_bytes).map_err(|_| Status::BadArgument)
}
