//! What Envoy refuses to compile, and what this host cannot evaluate as Envoy does.
//!
//! Envoy looks functions up when it compiles, by name, by whether they are called on a value, and by the number of
//! arguments; of their types it learns when they run.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr};
use cel::parser::Expression;

/// Why an expression is not taken.
pub(super) enum Refusal {
    /// Envoy does not compile it.
    Envoy,
    /// Envoy does, and this host cannot say what comes of it.
    Here(&'static str),
}

/// The functions of Envoy 1.40: name, arguments when called as a function, arguments when called on a value (observed).
const FUNCTIONS: [(&str, &[usize], &[usize]); 24] = [
    ("bool", &[1], &[]),
    ("bytes", &[1], &[]),
    ("contains", &[2], &[1]),
    ("double", &[1], &[]),
    ("duration", &[1], &[]),
    ("dyn", &[1], &[]),
    ("endsWith", &[2], &[1]),
    ("getDate", &[], &[0, 1]),
    ("getDayOfMonth", &[], &[0, 1]),
    ("getDayOfWeek", &[], &[0, 1]),
    ("getDayOfYear", &[], &[0, 1]),
    ("getFullYear", &[], &[0, 1]),
    ("getHours", &[], &[0, 1]),
    ("getMilliseconds", &[], &[0, 1]),
    ("getMinutes", &[], &[0, 1]),
    ("getMonth", &[], &[0, 1]),
    ("getSeconds", &[], &[0, 1]),
    ("int", &[1], &[]),
    ("matches", &[2], &[1]),
    ("size", &[1], &[0]),
    ("startsWith", &[2], &[1]),
    ("string", &[1], &[]),
    ("timestamp", &[1], &[]),
    ("type", &[1], &[]),
];
const UINT: (&str, &[usize], &[usize]) = ("uint", &[1], &[]);

/// Whether Envoy makes this message from a literal.
fn is_message(name: &str) -> bool {
    const WELL_KNOWN: [&str; 17] = [
        "Any",
        "BoolValue",
        "BytesValue",
        "DoubleValue",
        "Duration",
        "Empty",
        "FieldMask",
        "FloatValue",
        "Int32Value",
        "Int64Value",
        "ListValue",
        "StringValue",
        "Struct",
        "Timestamp",
        "UInt32Value",
        "UInt64Value",
        "Value",
    ];
    match name.strip_prefix("google.protobuf.") {
        Some(name) => WELL_KNOWN.contains(&name),
        None => ["google.rpc.", "google.api.", "envoy.", "xds."].iter().any(|known| name.starts_with(known)),
    }
}

/// Whether Envoy compiles the expression and this host can evaluate it.
pub(super) fn check(root: &Expression) -> Result<(), Refusal> {
    let mut found = Ok(());
    walk(root, &mut |expr| {
        if found.is_ok() {
            found = match expr {
                Expr::Call(call) => function(call),
                Expr::Comprehension(comprehension) => order(comprehension),
                Expr::Struct(message) if is_message(&message.type_name) => Err(Refusal::Here(
                    "the expression makes a protobuf message, and this host knows no message types: write the value \
                         itself",
                )),
                Expr::Struct(_) => Err(Refusal::Envoy),
                _ => Ok(()),
            };
        }
    });
    found
}

fn function(call: &CallExpr) -> Result<(), Refusal> {
    let name = call.func_name.as_str();
    // Operators, and what macros become, do not begin with a letter.
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Ok(());
    }
    let row = FUNCTIONS.iter().chain([&UINT]).find(|(known, ..)| *known == name).ok_or(Refusal::Envoy)?;
    let counts = if call.target.is_some() { row.2 } else { row.1 };
    if counts.contains(&call.args.len()) { Ok(()) } else { Err(Refusal::Envoy) }
}

/// The crate that evaluates keeps the entries of a map literal in no order at all, and what follows from their order
/// would differ from run to run. Maps of the host have an order.
fn order(comprehension: &ComprehensionExpr) -> Result<(), Refusal> {
    let makes_list = matches!(comprehension.accu_init.expr, Expr::List(_));
    let mut over_literal = false;
    walk(&comprehension.iter_range, &mut |expr| over_literal |= matches!(expr, Expr::Map(_)));
    if makes_list && over_literal {
        return Err(Refusal::Here(
            "the expression makes a list from a map that it writes itself, and the order of that list is undefined: make \
             it from a list",
        ));
    }
    Ok(())
}

/// The names that stand for themselves in an expression.
pub(super) fn names(root: &Expression) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(root, &mut |expr| {
        if let Expr::Ident(name) = expr {
            names.insert(name.trim_start_matches('.').to_owned());
        }
    });
    names
}

/// Visits every part of an expression.
fn walk(expr: &Expression, visit: &mut dyn FnMut(&Expr)) {
    visit(&expr.expr);
    match &expr.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| walk(target, visit));
            call.args.iter().for_each(|argument| walk(argument, visit));
        }
        Expr::Comprehension(of) => {
            for part in [&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result] {
                walk(part, visit);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|element| walk(element, visit)),
        Expr::Map(map) => map.entries.iter().for_each(|entry| walk_entry(entry, visit)),
        Expr::Struct(message) => message.entries.iter().for_each(|entry| walk_entry(entry, visit)),
        Expr::Select(select) => walk(&select.operand, visit),
        _ => {}
    }
}

fn walk_entry(entry: &IdedEntryExpr, visit: &mut dyn FnMut(&Expr)) {
    match &entry.expr {
        EntryExpr::StructField(field) => walk(&field.value, visit),
        EntryExpr::MapEntry(entry) => {
            walk(&entry.key, visit);
            walk(&entry.value, visit);
        }
    }
}
